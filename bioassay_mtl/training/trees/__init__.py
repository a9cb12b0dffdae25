"""Growing the trees of a task."""
