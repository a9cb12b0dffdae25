"""How many letters a SMILES has, beside its predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.screening.annotators import Asked, annotators
from bioassay_mtl.screening.beside import Beside, BesideColumn
from bioassay_mtl.tables import RecordBatch


@annotators.register("toy_letters")
class Letters:
    """Counts letters of usable records."""

    def __init__(self, asked: Asked) -> None:
        self.columns = [BesideColumn("letters", "count")]

    def annotate(
        self, batch: RecordBatch, features: Features, predictions: NDArray[np.float32]
    ) -> Beside:
        n = np.array([len(text) for text in batch.structures], np.int64)
        return {"letters": np.where(features.ok, n, -1)}
