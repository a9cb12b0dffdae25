"""A molecule drawn, as a worker does it."""

from __future__ import annotations

from bioassay_mtl.report.molecule import molecule


def drawn(smiles: str) -> str:
    """Its SVG, or a paragraph that says why there is none."""
    return str(molecule(smiles.strip(), "the molecule") if smiles.strip() else "")
