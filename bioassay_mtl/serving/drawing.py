"""Molecules drawn here and now: only those that are sure to take little time."""

from __future__ import annotations

from typing import Any

from bioassay_mtl.chem.isolation import is_plain
from bioassay_mtl.report.molecule import molecule
from bioassay_mtl.report.reasons import drawing
from bioassay_mtl.serving.refusals import Refusal

INTRICATE = '<p class="undrawn">too intricate to draw</p>'


def drawn(smiles: str) -> str:
    """The SVG of a molecule, or a paragraph that says why there is none."""
    words = smiles.split(None, 1)
    if not words:
        return ""
    return str(molecule(words[0], "the molecule")) if is_plain(words[0]) else INTRICATE


def explanation(model: Any, smiles: str, column: str) -> dict[str, Any]:
    """Share of each atom in a prediction, with a drawing.

    Parameters
    ----------
    model
        Model that explains itself.
    smiles, column
        The molecule, and the column that predicts.

    Raises
    ------
    Refusal
        The molecule cannot be read, or could take long.
    ConfigError
        There is no such column, or the model cannot explain itself.
    """
    if not is_plain(smiles):
        raise Refusal(422, "this molecule is too large, or too intricate, to be explained here")
    (found,) = model.explain([smiles], column)
    if found is None:
        raise Refusal(422, "this molecule cannot be read")
    return {**found.to_dict(), "drawing": str(drawing(found))}
