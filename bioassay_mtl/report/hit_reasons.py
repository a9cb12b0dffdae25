"""Reasons for the hits of a screen: the shares of their atoms in the assay that they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.report.tally import ScreenTally
from bioassay_mtl.screening.beside import MOST_CHARACTERS
from bioassay_mtl.screening.options import ScreenOptions

if TYPE_CHECKING:
    from bioassay_mtl.explain import Explanation
    from bioassay_mtl.models.model import Model

HitReasons = dict[tuple[int, str], "Explanation"]
"""Reasons by row and column."""


def hit_reasons(model: Model, tally: ScreenTally, options: ScreenOptions) -> HitReasons:
    """Explanations of the hits that a report shows, but for those that the model was trained on.

    Nothing of models that read columns beside structures, or that are not on the CPU.

    Parameters
    ----------
    model
        Model that predicted.
    tally
        Tally of the screen.
    options
        Options of the screen.
    """
    if model.featurizer.columns or str(model.device) != "cpu":
        return {}
    if options.standardize:
        model = replace(model, featurizer=model.featurizer.standardizing())
    found: HitReasons = {}
    for row, column, smiles in _shown(tally):
        try:
            (reason,) = model.explain([smiles], column)
        except ConfigError:  # a molecule that this machine's RDKit reads no more, say
            continue
        if reason is not None:
            found[row, column] = reason
    return found


def _shown(tally: ScreenTally) -> Iterator[tuple[int, str, str]]:
    """Row, column and SMILES of each hit on a card; texts that were cut are passed over."""
    hits = [(hit.row, hit.assay, hit.smiles) for hit, _ in tally.hits(known=False)]
    if not hits:
        hits = [
            (best.row, tally.columns[column].name, best.smiles)
            for column, held in tally.leading.items()
            for best in held
        ]
    yield from (hit for hit in hits if len(hit[2]) < MOST_CHARACTERS)
