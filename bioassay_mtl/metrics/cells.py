"""The measured cells of one task of any kind: what its metrics are computed from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.registry import Registry
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.measured import MeasuredCells, TaskCells

Floats = NDArray[np.float64]


class Cells(Protocol):
    """Cells that metrics of a task type read: a ranking, classes or values."""

    @property
    def rows(self) -> NDArray[np.intp]:
        """``(m,)``: where the measured molecules are in the panel."""
        ...

    def resampled(self, weights: Floats) -> Cells:
        """The same molecules, drawn as often as ``weights (n, R)`` says."""
        ...


kind_cells: Registry[Callable[[TaskCells, NDArray[Any]], Cells]] = Registry("kind's cells")
"""Map by the name of a kind: from the measured cells of a task and their predictions ``(m, c)`` to
what its metrics are computed from."""


def predicted_columns(cells: MeasuredCells, kinds: Sequence[TaskKind]) -> tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]
]:  # fmt: skip
    """Row and column of the P predictions of all measured cells, and ``(m,)`` the first of each."""
    widths = np.array([len(kind.columns("")) for kind in kinds], dtype=np.int64)
    start = np.cumsum(widths) - widths
    size = widths[cells.task]
    first = np.cumsum(size) - size
    owner = np.repeat(np.arange(cells.n_cells), size)
    within = np.arange(len(owner)) - first[owner]
    return cells.row[owner], start[cells.task][owner] + within, first


def checked_predictions(
    cells: MeasuredCells,
    predictions: NDArray[np.floating[Any]],
    tasks: Sequence[str],
    kinds: Sequence[TaskKind],
) -> NDArray[np.floating[Any]]:
    """``(P,)`` predictions of the measured cells.

    Parameters
    ----------
    cells
        n rows and T tasks.
    predictions
        ``(n, C)``; or ``(P,)``, of the measured cells alone (:func:`predicted_columns`).
    tasks, kinds
        T each.

    Raises
    ------
    InputError
        A measured cell has no prediction of its kind.
    """
    widths = [len(kind.columns("")) for kind in kinds]
    rows, columns, _ = predicted_columns(cells, kinds) if len(tasks) == cells.n_tasks else [()] * 3
    expected = (len(rows),) if predictions.ndim == 1 else (cells.n_rows, sum(widths))
    if cells.n_tasks != len(tasks) or predictions.shape != expected:
        raise InputError(
            f"labels {cells.shape}, predictions {predictions.shape} and {len(tasks)} task names "
            f"do not fit together: {expected[-1]} columns of predictions are expected"
        )
    found = predictions if predictions.ndim == 1 else predictions[rows, columns]
    is_chance = np.repeat([not kind.is_value for kind in kinds], widths).astype(np.bool_)[columns]
    fits = np.isfinite(found) & (~is_chance | ((found >= 0) & (found <= 1)))
    if not fits.all():
        at = int(np.argmin(fits))
        what = "probability" if is_chance[at] else "prediction"
        owner = np.repeat(np.arange(len(tasks)), widths)
        raise InputError(
            f"{np.count_nonzero(~fits)} measured cells have no {what}: row {rows[at]}, "
            f"{tasks[owner[columns[at]]]!r} has {found[at]}",
            hint="leave out the molecules that could not be predicted",
        )
    return found


def by_task(
    cells: MeasuredCells, predictions: NDArray[np.floating[Any]], kinds: Sequence[TaskKind]
) -> Iterator[tuple[TaskCells, NDArray[np.floating[Any]]]]:
    """The measured cells of each task, and their ``predictions (P,)`` as ``(m, c)``."""
    first = predicted_columns(cells, kinds)[2]
    for task, kind in enumerate(kinds):
        places = first[cells.cells_of(task)][:, None] + np.arange(len(kind.columns("")))
        yield cells.of_task(task), predictions[places]
