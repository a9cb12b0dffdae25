"""Fitting networks whole, a task at a time."""
