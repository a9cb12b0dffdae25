"""Layouts of tables: a file for each, and its line in the registry of `parts`."""
