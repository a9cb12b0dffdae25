"""DeepChem datasets as arrays of ours, and what their transformers did, undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import deepchem as dc
import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.adapters.arrays import INPUT, DataError, numbers_of
from bioassay_mtl.adapters.packing import packed

ROWS_AT_ONCE = 4096
"""Rows of a dataset that are held as its `X` has them; all others are packed, or let go."""


@dataclass(frozen=True)
class Rows:
    """Rows to learn from.

    Parameters
    ----------
    given
        n SMILES, or a mapping with the block of an array ``(n, F)``.
    recipe
        Settings of the input that holds the array; None for SMILES.
    labels, weights
        ``(n, T) float32``: NaN and 0 where not measured.
    """

    given: Any
    recipe: dict[str, Any] | None
    labels: NDArray[np.float32]
    weights: NDArray[np.float32]


Part = tuple[Any, NDArray[np.float32], NDArray[np.float32]]
"""Checked inputs, labels and weights of some rows."""


def parts_of(dataset: Any, n_tasks: int, inputs: Callable[[Any], Any]) -> Iterator[Part]:
    """A dataset a few thousand rows at a time, in its order."""
    for x, y, w, _ in dataset.iterbatches(batch_size=ROWS_AT_ONCE, deterministic=True):
        yield (inputs(x), *labels_of(y, w, n_tasks))


def rows_of(parts: Iterable[Part], recipe: dict[str, Any] | None = None) -> Rows:
    """All rows of some parts.

    Parameters
    ----------
    parts
        Rows of a dataset, or batches.
    recipe
        Settings of the input that holds an array, where they are known.

    Raises
    ------
    DataError
        No cell is measured; or some parts are SMILES and others arrays, or no SMILES are there
        where a model reads them.
    """
    labels: list[NDArray[np.float32]] = []
    weights: list[NDArray[np.float32]] = []
    structures: list[str] = []

    def arrays() -> Iterator[NDArray[np.float32]]:
        for x, y, w in parts:
            labels.append(y)
            weights.append(w)
            if isinstance(x, list):
                structures.extend(x)
            else:
                yield x

    found = _packed_or_none(arrays(), recipe)
    if found is not None and structures:
        raise DataError("X must be SMILES or numbers in all rows, found both")
    whole = np.concatenate(labels) if labels else np.zeros((0, 1), dtype=np.float32)
    if np.isnan(whole).all():
        raise DataError(
            "there is nothing to learn: no cell is measured",
            hint="a cell of weight 0, or whose label is NaN, is not",
        )
    if found is None:
        return Rows(structures, None, whole, np.concatenate(weights))
    return Rows({INPUT: found[1]}, found[0], whole, np.concatenate(weights))


def _packed_or_none(arrays: Iterator[NDArray[np.float32]], recipe: dict[str, Any] | None) -> Any:
    for first in arrays:
        return packed(_chained(first, arrays), recipe)
    return None


def _chained(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def labels_of(y: Any, w: Any, n_tasks: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Labels and weights ``(n, T)``: NaN and 0 where not measured.

    Parameters
    ----------
    y
        Labels of a dataset ``(n, T)`` or ``(n,)``, or of a batch, where classes may be ``(n, T,
        classes)``.
    w
        Weights ``(n, T)``, ``(n, 1)`` or ``(n,)``; None where all weigh 1.
    n_tasks
        Number T of the model's tasks.

    Raises
    ------
    DataError
        There is another number of tasks, a label is no number, or a weight is negative or infinite.
    """
    y = np.asarray(y)
    if y.ndim == 3:
        y = y.argmax(axis=2) if y.shape[2] > 1 else y[:, :, 0]
    y = numbers_of(y.reshape(len(y), -1)).astype(np.float32)
    if y.shape[1] != n_tasks:
        raise DataError(f"the model has {n_tasks} tasks, the dataset {y.shape[1]}")
    w = np.ones(len(y)) if w is None else np.asarray(w)
    w = np.broadcast_to(w.reshape(len(w), -1), y.shape).astype(np.float32)
    if not ((w >= 0) & (w < np.inf)).all():
        wrong = w[~((w >= 0) & (w < np.inf))][0]
        raise DataError(f"weights are 0 or more, and finite; found {wrong}")
    w = np.where(np.isnan(y), 0, w)
    return np.where(w == 0, np.nan, y), w


def task_names(dataset: Any) -> list[str]:
    """Names of the tasks: their numbers, where a dataset has no names."""
    return [str(name) for name in dataset.get_task_names()]


def only(given: Any, what: str = "input") -> Any:
    """The one array of a batch, alone or in a list of one.

    Raises
    ------
    DataError
        There are several.
    """
    if not isinstance(given, list | tuple) or not given or isinstance(given[0], str):
        return given
    if len(given) > 1 and hasattr(given[0], "shape"):
        raise DataError(f"a batch has one {what}, found {len(given)}")
    return given[0] if hasattr(given[0], "shape") else given


def undone(predicted: NDArray[np.float32], transformers: Sequence[Any]) -> NDArray[np.float32]:
    """Predictions ``(n, T, columns)`` before the transformers."""
    # NormalizationTransformer takes the rows for its tasks where there is only one row.
    rows = np.repeat(predicted, 2, axis=0) if len(predicted) == 1 else predicted
    values: NDArray[np.float32] = dc.trans.undo_transforms(rows, list(transformers))
    return values[: len(predicted)]
