"""Public panels: where they are, how they are read, whose they are."""
