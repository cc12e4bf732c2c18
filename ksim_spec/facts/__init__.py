"""What is known of a checked task without running it: how large its terms can become, and what standing still earns."""
