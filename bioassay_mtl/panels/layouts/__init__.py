"""How tables are laid out: a file for each layout, and its line in the registry of `parts`."""
