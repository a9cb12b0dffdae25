"""Arrays of labels: what is measured in them, and whether they are what their kinds say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.tasks.kinds import TaskKind, all_binary

NOT_MEASURED = -1
"""Of the int8 labels of binary tasks; in float labels it is NaN."""


def is_measured(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Which cells are measured, in labels of either type."""
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


def check_labels(labels: NDArray[Any], tasks: Sequence[str], kinds: Sequence[TaskKind]) -> None:
    """Raise an InputError unless ``labels (n, T)`` have the type and values of their kinds."""
    dtype = np.dtype(np.int8 if all_binary(kinds) else np.float32)
    if labels.dtype != dtype:
        raise InputError(
            f"labels must be (n, T) {dtype}, found {labels.shape} {labels.dtype}",
            hint="Panel.from_arrays converts other types",
        )
    if dtype == np.int8:
        if labels.size and (labels.min() < NOT_MEASURED or labels.max() > 1):
            found = labels[(labels < NOT_MEASURED) | (labels > 1)][0]
            raise InputError(f"a label is 1, 0 or -1 (not measured), found {found}")
        return
    for task, kind, column in zip(tasks, kinds, labels.T, strict=True):
        measured = column[~np.isnan(column)]
        if len(wrong := measured[~kind.is_label(measured)]):
            raise InputError(
                f"a label of the {kind.kind} task {task!r} is {kind.label}, or NaN where not "
                f"measured; found {wrong[0]:g}"
            )


def check_bounds(
    bounds: NDArray[Any],
    measured: NDArray[np.bool_],
    tasks: Sequence[str],
    kinds: Sequence[TaskKind],
) -> None:
    """Raise an InputError unless ``bounds (n, T)`` are of measured cells of censored tasks."""
    if bounds.shape != measured.shape or bounds.dtype != np.int8:
        raise InputError(
            f"bounds must be {measured.shape} int8, found {bounds.shape} {bounds.dtype}"
        )
    if bounds.size and np.abs(bounds).max() > 1:
        raise InputError("a bound is 1 (at or above), -1 (at or below) or 0")
    bounded: NDArray[np.bool_] = np.any(bounds != 0, axis=0)
    for task, kind, column in zip(tasks, kinds, bounded, strict=True):
        if column and not kind.has_bounds:
            raise InputError(f"the {kind.kind} task {task!r} has bounds: only censored tasks do")
    if (bounds.astype(np.bool_) & ~measured).any():
        row, task = np.argwhere(bounds.astype(np.bool_) & ~measured)[0]
        raise InputError(f"a bound without a value: row {row}, task {tasks[task]!r}")
