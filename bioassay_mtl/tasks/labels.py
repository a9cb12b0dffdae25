"""Labels: what is measured in an array of them, and whether they are what their kinds say.

Labels have one format, measured cells (:mod:`bioassay_mtl.tasks.measured`). An array ``(n, T)`` of
them is a view: ``int8`` with -1 where not measured while every task is active or inactive, else
``float32`` with NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.tasks.kinds import TaskKind

NOT_MEASURED = -1
"""Mark of a cell that was not measured in int8 labels; in float labels it is NaN."""

MOST_CELLS = 1_000_000_000
"""Molecules times assays of a dense array; labels and bounds of so many take 5 GB."""


def view_dtype(kinds: Sequence[TaskKind]) -> np.dtype[Any]:
    """Type of the dense array of labels of such tasks."""
    return np.dtype(np.int8 if all(kind.has_actives for kind in kinds) else np.float32)


def is_measured(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Cells that are measured, in labels of either type."""
    missing: NDArray[np.bool_] = (
        np.isnan(labels) if labels.dtype.kind == "f" else labels == NOT_MEASURED
    )
    return ~missing


def as_outcomes(labels: NDArray[Any]) -> NDArray[np.int8]:
    """Labels of binary tasks as int8."""
    if labels.dtype.kind != "f":
        return labels.astype(np.int8, copy=False)
    return np.where(np.isnan(labels), NOT_MEASURED, labels).astype(np.int8)


def as_floats(labels: NDArray[Any]) -> NDArray[np.float32]:
    """Labels with NaN where not measured."""
    if labels.dtype.kind == "f":
        return labels.astype(np.float32, copy=False)
    return np.where(labels == NOT_MEASURED, np.nan, labels).astype(np.float32)


def check_dense(labels: NDArray[Any], kinds: Sequence[TaskKind]) -> None:
    """Raise an InputError unless ``labels (n, T)`` have the type of their kinds."""
    if labels.dtype != (dtype := view_dtype(kinds)):
        raise InputError(
            f"labels must be (n, T) {dtype}, found {labels.shape} {labels.dtype}",
            hint="Panel.from_arrays converts other types",
        )


def check_dense_bounds(
    bounds: NDArray[Any], measured: NDArray[np.bool_], tasks: Sequence[str]
) -> None:
    """Raise an InputError unless ``bounds (n, T)`` are of measured cells."""
    if bounds.shape != measured.shape or bounds.dtype != np.int8:
        raise InputError(
            f"bounds must be {measured.shape} int8, found {bounds.shape} {bounds.dtype}"
        )
    bare = bounds.astype(np.bool_) & ~measured
    if bare.any():
        row, task = np.argwhere(bare)[0]
        raise InputError(f"a bound without a value: row {row}, task {tasks[task]!r}")
