"""Two versions of a task on the same states: recorded once, evaluated by each, compared term by term."""
