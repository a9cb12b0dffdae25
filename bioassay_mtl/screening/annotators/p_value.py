"""P-value: how often an inactive molecule is predicted as active as this one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.confidence.grid import places
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.confident import logits_of, tasks_of_columns
from bioassay_mtl.screening.annotators.base import Asked, annotators
from bioassay_mtl.screening.beside import Beside, BesideColumn
from bioassay_mtl.tables import RecordBatch


@annotators.register("p_value")
class PValueAnnotator:
    """Column ``p_value`` of each assay, the conformal p-value of "not active".

    It is :func:`~bioassay_mtl.confidence.conformal.inactive_p_values` of inactive molecules that
    the model had not learned from; nothing is known of values and classes.
    """

    def __init__(self, asked: Asked) -> None:
        model = asked.model
        if model.evidence is None:
            raise ConfigError(
                f"{model.name} does not know what it said of molecules that it had not learned "
                "from, so that none can be selected with an error rate: train it anew, with rows "
                "for validation or stacked experts, and with the setting calibrate"
            )
        self.columns = [BesideColumn("p_value", "number", of_assays=True)]
        self._model, self._calibrated = model, not asked.options.raw
        self._chosen = np.asarray(asked.columns, np.int64)
        self._tasks = tasks_of_columns(model)[self._chosen]
        tasks = self._tasks.tolist()
        self._is_known = np.array([model.kinds[task].has_actives for task in tasks])
        if not self._is_known.any():
            raise ConfigError("no assay of actives and inactives was chosen: nothing to select")

    def annotate(
        self, batch: RecordBatch, features: Features, predictions: NDArray[np.float32]
    ) -> Beside:
        evidence = self._model.evidence
        assert evidence is not None
        found = np.full((len(predictions), len(self._chosen)), np.nan, np.float32)
        own, tasks = predictions[:, self._chosen[self._is_known]], self._tasks[self._is_known]
        known = ~np.isnan(own)
        logits = logits_of(self._model, np.where(known, own, 0.5), tasks, self._calibrated)
        p = evidence.p_values[tasks, places(logits)]
        found[:, self._is_known] = np.where(known, p, np.nan)
        return {"p_value": found}
