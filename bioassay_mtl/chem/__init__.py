"""Molecules: from structures as text to what a network reads. Each kind of it registers itself."""

from bioassay_mtl.chem import descriptors, fingerprints, graphs

__all__ = ["descriptors", "fingerprints", "graphs"]
