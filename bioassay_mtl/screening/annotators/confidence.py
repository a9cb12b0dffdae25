"""Confidence in each prediction: the spread of the experts, and an interval."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.models.confident import confidence_of
from bioassay_mtl.models.description import own_features
from bioassay_mtl.screening.annotators.base import Asked, annotators
from bioassay_mtl.screening.beside import Beside, BesideColumn, CellKind
from bioassay_mtl.tables import RecordBatch

log = logging.getLogger(__name__)


@annotators.register("confidence")
class ConfidenceAnnotator:
    """Columns ``spread``, ``low`` and ``high`` of each assay.

    They are those of :mod:`bioassay_mtl.models.confident`. Without evidence of molecules out of
    sight there is the spread alone.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        kinds = asked.model.kinds
        values = any(each.is_value for each in kinds)
        kind: CellKind = "number" if values else "decimals"
        if asked.model.evidence is None:
            log.warning(
                "%s keeps nothing of molecules that it had not learned from: it tells how far its "
                "experts are apart (spread), and no intervals",
                asked.model.name,
            )
        names = ["spread"] if asked.model.evidence is None else ["spread", "low", "high"]
        self.columns = [BesideColumn(name, kind, of_assays=True) for name in names]

    def annotate(
        self, batch: RecordBatch, features: Features, predictions: NDArray[np.float32]
    ) -> Beside:
        asked, own = self._asked, own_features(self._asked.model, features)
        found = confidence_of(
            asked.model, own, predictions, asked.columns, calibrated=not asked.options.raw
        )
        return {column.name: getattr(found, column.name) for column in self.columns}
