"""Panels as users have them: this package with no option given, beside the usual alternatives."""
