"""Networks whose weights are few numbers a task: a start, and a random subspace around it."""
