"""What a DeepChem dataset holds, as arrays of ours, and what its transformers did, undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import deepchem as dc
import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.adapters.arrays import DataError


def labels_of(dataset: Any, n_tasks: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Labels and weights ``(n, T)``: NaN and 0 where not measured.

    Raises
    ------
    DataError
        The dataset has another number of tasks, or negative weights.
    """
    y, w = np.asarray(dataset.y), np.asarray(dataset.w)
    y = y.reshape(len(y), -1).astype(np.float32)
    w = np.broadcast_to(w.reshape(len(w), -1), y.shape).astype(np.float32)
    if y.shape[1] != n_tasks:
        raise DataError(f"the model has {n_tasks} tasks, the dataset {y.shape[1]}")
    if not (w >= 0).all():
        raise DataError(f"weights are 0 or more, found {w.min()}")
    w = np.where(np.isnan(y), 0, w)
    return np.where(w == 0, np.nan, y), w


def task_names(dataset: Any) -> list[str]:
    """Names of the tasks: their numbers, where a dataset has no names."""
    return [str(name) for name in dataset.get_task_names()]


def undone(predicted: NDArray[np.float32], transformers: Sequence[Any]) -> NDArray[np.float32]:
    """Predictions ``(n, T, columns)`` before the transformers."""
    # NormalizationTransformer takes the rows for its tasks where there is only one row.
    rows = np.repeat(predicted, 2, axis=0) if len(predicted) == 1 else predicted
    values: NDArray[np.float32] = dc.trans.undo_transforms(rows, list(transformers))
    return values[: len(predicted)]
