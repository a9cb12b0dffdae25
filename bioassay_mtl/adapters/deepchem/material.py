"""Rows to learn from, as the training of this package takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.adapters.deepchem.datasets import Rows
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.errors import InputError
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.models.scaling import scaled
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.labels import NOT_MEASURED
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training.batches import ResidentData
from bioassay_mtl.training.usable import usable_parts


def panel_of(rows: Rows, tasks: Sequence[str], kinds: Sequence[TaskKind]) -> Panel:
    """The panel of some rows.

    Raises
    ------
    DataError
        Labels are not what their kinds say.
    """
    if all(kind.has_actives for kind in kinds) and (rows.labels == NOT_MEASURED).any():
        raise DataError(
            "a label is 0 or 1, found -1", hint="cells that were not measured have the weight 0"
        )
    try:
        return Panel.from_arrays(rows.given, rows.labels, tasks, kinds=kinds)
    except InputError as error:
        raise DataError(error.message, hint=error.hint) from error


@dataclass(frozen=True)
class Material:
    """A panel, its features, and the weights of its cells.

    Parameters
    ----------
    panel, features
        n rows.
    weights
        ``(n, T)``.
    usable
        Indices of the rows that have features, rising.
    """

    panel: Panel
    features: Features
    weights: NDArray[np.float32]
    usable: NDArray[np.int64]

    @staticmethod
    def of(panel: Panel, weights: NDArray[np.float32], featurizer: Featurizer) -> Material:
        """Features of a panel's rows.

        Raises
        ------
        DataError
            No row has any.
        """
        features = panel_features(panel, featurizer)
        none = np.zeros(0, dtype=np.int64)
        try:
            parts = Split(np.arange(len(panel)), none, none, len(panel))
            usable = usable_parts(parts, features, panel).train
        except InputError as error:
            raise DataError(error.message, hint=error.hint) from error
        return Material(panel, features, weights, usable)

    def cells(self, model: Model) -> MeasuredCells:
        """The measured cells as a model learns them, values in its standard units."""
        if model.target_scaler is None:
            return self.panel.cells
        return model.target_scaler.apply(self.panel.cells)

    def resident(self, model: Model) -> tuple[ResidentData, torch.Tensor]:
        """All rows where a model is, and the numbers of those that are usable."""
        blocks, cells = scaled(self.features.blocks, model.scalings), self.cells(model)
        weights = self.weights[cells.row, cells.task]
        # A loss that a user gives is one of whole arrays.
        data = ResidentData(blocks, cells, model.device, self.panel.kinds, weights, sparse=False)
        return data, torch.from_numpy(self.usable).to(model.device)
