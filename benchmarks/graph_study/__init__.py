"""Experts that read fingerprints, descriptors and graphs, alone and mixed, and their rivals."""
