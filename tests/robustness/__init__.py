"""How much bad input, and how many kills, the package survives."""
