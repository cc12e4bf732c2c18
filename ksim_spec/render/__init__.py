"""What a person looks at: diagnostics as text, and videos of a robot."""
