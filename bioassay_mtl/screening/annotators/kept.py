"""Columns of the input that stand in the output, too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.screening.annotators.base import Asked, annotators
from bioassay_mtl.screening.beside import Beside, BesideColumn
from bioassay_mtl.tables import RecordBatch


@annotators.register("kept")
class Kept:
    """The columns, or properties of an SD file, that :attr:`ScreenOptions.keep` names, as text.

    Parameters
    ----------
    asked
        Request of the screen.
    """

    def __init__(self, asked: Asked) -> None:
        self.columns = tuple(BesideColumn(name, "text") for name in asked.options.keep)

    def annotate(
        self, batch: RecordBatch, features: Features, predictions: NDArray[np.float32]
    ) -> Beside:
        return {
            column.name: np.array(list(map(_text, batch.columns[column.name])), dtype=object)
            for column in self.columns
        }


def _text(cell: object) -> str:
    return "" if cell is None or cell != cell else str(cell)
