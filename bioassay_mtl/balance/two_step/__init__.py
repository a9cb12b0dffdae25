"""Two-step balancing of tasks."""
