"""Formats of molecule files. A new format is a new file here."""
