"""Fitting networks of trees, a task at a time."""
