"""Architectures: MMoEEx, its baselines, ensembles. A new one is a new file here."""
