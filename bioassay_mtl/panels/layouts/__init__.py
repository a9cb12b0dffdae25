"""Layouts of panel files. A new layout is a new file here."""
