"""Recipes of public panels, and small example files."""
