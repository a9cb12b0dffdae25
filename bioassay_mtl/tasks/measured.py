"""Measured cells: the labels of a panel, as many numbers as there are measurements.

A panel of 1,000,000 molecules x 10,000 assays has 10 billion cells, of which perhaps 20 million
were measured. Cells that were not measured take no memory and no time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.labels import MOST_CELLS, NOT_MEASURED, is_measured, view_dtype


class TaskCells(NamedTuple):
    """The measured cells of one task, in the order of their rows.

    Attributes
    ----------
    rows
        ``(m,) int64``.
    values
        ``(m,) float32``.
    bounds
        ``(m,) int8``, or None where all values are exact.
    """

    rows: NDArray[np.int64]
    values: NDArray[np.float32]
    bounds: NDArray[np.int8] | None


@dataclass(frozen=True, eq=False)
class MeasuredCells:
    """m measured cells of n rows and T tasks, by row, and by task within a row.

    Parameters
    ----------
    offsets
        ``(n + 1,) int64``: cells of row i are ``offsets[i]`` to ``offsets[i + 1]``.
    task
        ``(m,) int32``: the task of each cell, rising within a row.
    value
        ``(m,) float32``: the label, never NaN.
    bound
        ``(m,) int8``: 1 where the true value is at or above the label, -1 where it is at or below,
        0 where the label is the value; None where all are.
    n_tasks
        T.

    Examples
    --------
    >>> cells = MeasuredCells.of([1, 0, 1], [2, 0, 0], [1.0, 0.0, 1.0], shape=(2, 3))
    >>> cells.dense()
    array([[ 0., nan, nan],
           [ 1., nan,  1.]], dtype=float32)
    """

    offsets: NDArray[np.int64]
    task: NDArray[np.int32]
    value: NDArray[np.float32]
    bound: NDArray[np.int8] | None
    n_tasks: int

    def __post_init__(self) -> None:
        m = len(self.task)
        for name, array, dtype in (
            ("offsets", self.offsets, np.int64),
            ("task", self.task, np.int32),
            ("value", self.value, np.float32),
            ("bound", self.bound, np.int8),
        ):
            if array is not None and (array.dtype != dtype or array.ndim != 1):
                raise InputError(
                    f"{name} of measured cells must be (m,) {np.dtype(dtype)}, found "
                    f"{array.shape} {array.dtype}",
                    hint="MeasuredCells.of converts and sorts",
                )
        lengths = {m, len(self.value), m if self.bound is None else len(self.bound)}
        if len(lengths) > 1:
            raise InputError(f"measured cells of different lengths: {sorted(lengths)}")
        if not len(self.offsets) or self.offsets[0] or self.offsets[-1] != m:
            raise InputError(f"offsets of measured cells must go from 0 to {m}")
        if m and (self.task.min() < 0 or self.task.max() >= self.n_tasks):
            raise InputError(f"measured cells of {self.n_tasks} tasks have numbers below that")
        # Within a row tasks rise; a first cell may be below that of the row before it.
        rises = np.diff(self.task) > 0
        starts = self.offsets[1:-1]
        rises[starts[(starts > 0) & (starts < m)] - 1] = True
        if (np.diff(self.offsets) < 0).any() or not rises.all():
            raise InputError(
                "measured cells must rise by row and task, each once",
                hint="MeasuredCells.of sorts them",
            )

    @staticmethod
    def of(row: Any, task: Any, value: Any, bound: Any = None, *, shape: Sequence[int]) -> (
        MeasuredCells
    ):  # fmt: skip
        """Cells in any order, of which no two are the same.

        Parameters
        ----------
        row, task, value
            ``(m,)`` each.
        bound
            ``(m,)``, or None.
        shape
            Indices of rows and tasks.

        Raises
        ------
        InputError
            A cell is there twice, is outside of `shape`, or has no value.
        """
        n_rows, n_tasks = (int(size) for size in shape)
        row, task = np.asarray(row, np.int64), np.asarray(task, np.int64)
        value = np.asarray(value, np.float32)
        if _is_outside(row, n_rows) or _is_outside(task, n_tasks):
            raise InputError(f"a measured cell lies outside of {n_rows:,} rows x {n_tasks:,} tasks")
        if np.isnan(value).any():
            raise InputError("a measured cell has a value, and NaN is none")
        keys = row * n_tasks + task
        is_sorted = bool((np.diff(keys) > 0).all())
        order: Any = slice(None) if is_sorted else np.argsort(keys, kind="stable")
        keys = keys[order]
        if (same := np.flatnonzero(np.diff(keys) == 0)).size:
            where = divmod(int(keys[same[0]]), n_tasks)
            raise InputError(f"the cell of row {where[0]} and task {where[1]} is measured twice")
        sides = None if bound is None else np.asarray(bound, np.int8)[order]
        return MeasuredCells(
            _offsets(np.bincount(row, minlength=n_rows)),
            task[order].astype(np.int32),
            np.ascontiguousarray(value[order]),
            sides if sides is not None and sides.any() else None,
            n_tasks,
        )

    @staticmethod
    def from_dense(labels: NDArray[Any], bounds: NDArray[np.int8] | None = None) -> MeasuredCells:
        """Cells of ``labels (n, T)``: int8 with -1, or floating with NaN, where not measured."""
        measured = is_measured(labels)
        task = np.broadcast_to(np.arange(labels.shape[1], dtype=np.int32), labels.shape)[measured]
        sides = None if bounds is None else bounds[measured]
        return MeasuredCells(
            _offsets(np.count_nonzero(measured, axis=1)),
            task,
            labels[measured].astype(np.float32, copy=False),
            sides if sides is not None and sides.any() else None,
            labels.shape[1],
        )

    @property
    def n_rows(self) -> int:
        """n."""
        return len(self.offsets) - 1

    @property
    def n_cells(self) -> int:
        """m."""
        return len(self.task)

    @property
    def shape(self) -> tuple[int, int]:
        """``(n, T)``."""
        return self.n_rows, self.n_tasks

    @property
    def per_row(self) -> NDArray[np.int64]:
        """``(n,)``: measured cells of each row."""
        return np.diff(self.offsets)

    @property
    def row(self) -> NDArray[np.int64]:
        """``(m,) int64``: the row of each cell."""
        return np.repeat(np.arange(self.n_rows), self.per_row)

    @property
    def bounds(self) -> NDArray[np.int8]:
        """``(m,)``: :attr:`bound`, zeros where it is None."""
        return np.zeros(self.n_cells, np.int8) if self.bound is None else self.bound

    @property
    def share_measured(self) -> float:
        """Measured cells by all, 0 where there are none."""
        return self.n_cells / max(1, self.n_rows * self.n_tasks)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """``(T,)``: measured cells of each task."""
        return np.bincount(self.task, minlength=self.n_tasks)

    def counts_of(self, value: float) -> NDArray[np.int64]:
        """``(T,)``: cells of each task whose label is `value`."""
        return np.bincount(self.task[self.value == value], minlength=self.n_tasks)

    def of_task(self, task: int) -> TaskCells:
        """The measured cells of a task."""
        starts, rows, cells = self._by_task
        here = slice(starts[task], starts[task + 1])
        chosen = cells[here]
        sides = None if self.bound is None else self.bound[chosen]
        return TaskCells(rows[here].astype(np.int64), self.value[chosen], sides)

    def cells_of(self, task: int) -> NDArray[np.int64]:
        """``(m,)``: where the cells of a task are among all."""
        starts, _, cells = self._by_task
        found: NDArray[np.int64] = cells[starts[task] : starts[task + 1]].astype(np.int64)
        return found

    @cached_property
    def _by_task(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Start of each task, the row of each cell and its number, by task."""
        from scipy.sparse import csr_array

        number = np.arange(self.n_cells, dtype=np.int32 if self.n_cells < 2**31 else np.int64)
        held = csr_array((number, self.task, self.offsets), shape=self.shape).tocsc()
        return held.indptr, held.indices, held.data

    def take(self, rows: NDArray[np.int64]) -> MeasuredCells:
        """Some rows, in that order; a row may be there several times."""
        offsets = _offsets(self.per_row[rows])
        cells = self.cells_in(rows)
        return MeasuredCells(
            offsets,
            self.task[cells],
            self.value[cells],
            None if self.bound is None else _if_any(self.bound[cells]),
            self.n_tasks,
        )

    def cells_in(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Numbers of the cells of some rows, row by row."""
        rows = np.asarray(rows, np.int64)
        sizes = self.per_row[rows]
        starts = _offsets(sizes)
        found: NDArray[np.int64] = np.arange(starts[-1]) + np.repeat(
            self.offsets[:-1][rows] - starts[:-1], sizes
        )
        return found

    def select_tasks(self, tasks: Sequence[int]) -> MeasuredCells:
        """The same rows with some tasks, in that order, each at most once."""
        place = np.full(self.n_tasks, -1, np.int32)
        place[list(tasks)] = np.arange(len(tasks), dtype=np.int32)
        return self._kept(place)

    def _kept(self, place: NDArray[np.int32]) -> MeasuredCells:
        """The cells whose task has a new number, ``place (T,)``; -1 is none."""
        moved = place[self.task]
        kept = moved >= 0
        offsets = np.concatenate([[0], np.cumsum(kept)])[self.offsets]
        task, chosen = moved[kept], np.flatnonzero(kept)
        if (np.diff(place[place >= 0]) < 0).any():
            row = np.repeat(np.arange(self.n_rows), np.diff(offsets))
            order = np.lexsort((task, row))
            task, chosen = task[order], chosen[order]
        sides = None if self.bound is None else _if_any(self.bound[chosen])
        n_tasks = int(np.count_nonzero(place >= 0))
        return MeasuredCells(offsets, task, self.value[chosen], sides, n_tasks)

    def with_values(self, value: NDArray[Any]) -> MeasuredCells:
        """The same cells with other values ``(m,)``."""
        return MeasuredCells(
            self.offsets, self.task, value.astype(np.float32), self.bound, self.n_tasks
        )

    def dense(
        self, rows: NDArray[np.int64] | None = None, *, missing: float = np.nan, dtype: Any = "f4"
    ) -> NDArray[Any]:
        """``(B, T)`` labels of some rows, or of all; `missing` where not measured.

        Raises
        ------
        InputError
            They would take more memory than a machine is likely to have.
        """
        return self._spread(self.value, rows, missing, dtype)

    def dense_bounds(self, rows: NDArray[np.int64] | None = None) -> NDArray[np.int8]:
        """``(B, T) int8`` bounds of some rows, or of all."""
        return self._spread(self.bounds, rows, 0, np.int8)

    def mask(self, rows: NDArray[np.int64] | None = None) -> NDArray[np.bool_]:
        """``(B, T) bool``: what was measured in some rows, or in all."""
        return self._spread(np.ones(self.n_cells, np.bool_), rows, 0, np.bool_)

    def _spread(
        self, numbers: NDArray[Any], rows: NDArray[np.int64] | None, missing: float, dtype: Any
    ) -> NDArray[Any]:
        """``(B, T)`` of ``numbers (m,)``, one a cell."""
        n_rows = self.n_rows if rows is None else len(rows)
        if n_rows * self.n_tasks > MOST_CELLS:
            raise InputError(
                f"a dense array of {n_rows:,} molecules x {self.n_tasks:,} assays is too large",
                hint="Panel.cells has the measured cells alone; take fewer rows or assays first",
            )
        cells: Any = slice(None) if rows is None else self.cells_in(rows)
        sizes = self.per_row if rows is None else self.per_row[rows]
        found = np.full((n_rows, self.n_tasks), missing, dtype)
        found[np.repeat(np.arange(n_rows), sizes), self.task[cells]] = numbers[cells]
        return found


def telling(cells: MeasuredCells) -> NDArray[np.bool_]:
    """``(T,)``: tasks with at least two different labels among those measured."""
    low, high = np.full((2, cells.n_tasks), np.inf, np.float32)
    np.minimum.at(low, cells.task, cells.value)
    np.minimum.at(high, cells.task, -cells.value)
    found: NDArray[np.bool_] = low < -high
    return found


def _is_outside(numbers: NDArray[np.int64], n: int) -> bool:
    return bool(len(numbers)) and (numbers.min() < 0 or numbers.max() >= n)


def _offsets(sizes: NDArray[Any]) -> NDArray[np.int64]:
    """Start of each run of some length, and the end of the last one."""
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _if_any(bound: NDArray[np.int8]) -> NDArray[np.int8] | None:
    return bound if bound.any() else None


def dense_labels(
    cells: MeasuredCells, kinds: Sequence[TaskKind], rows: NDArray[np.int64] | None = None
) -> NDArray[Any]:
    """``(B, T)`` labels of some rows, or of all, of the type of their kinds."""
    dtype = view_dtype(kinds)
    return cells.dense(rows, missing=NOT_MEASURED if dtype == np.int8 else np.nan, dtype=dtype)


def check_cells(cells: MeasuredCells, tasks: Sequence[str], kinds: Sequence[TaskKind]) -> None:
    """Raise an InputError unless labels and bounds are what the kinds of their tasks say."""
    numbers = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
    kind_of_task = np.array([numbers[kind] for kind in kinds], np.int32)
    if cells.bound is not None:
        if np.abs(cells.bound).max() > 1:
            raise InputError("a bound is 1 (at or above), -1 (at or below) or 0")
        bounded = np.bincount(cells.task[cells.bound != 0], minlength=cells.n_tasks) > 0
        wrong = bounded & ~np.array([kind.has_bounds for kind in kinds])
        for task in np.flatnonzero(wrong).tolist():
            raise InputError(
                f"the {kinds[task].kind} task {tasks[task]!r} has bounds: only censored tasks do"
            )
    for kind, number in numbers.items():
        here = slice(None) if len(numbers) == 1 else kind_of_task[cells.task] == number
        is_label = kind.is_label(cells.value[here])
        if not is_label.all():
            at = np.arange(cells.n_cells)[here][~is_label][0]
            raise InputError(
                f"a label of the {kind.kind} task {tasks[cells.task[at]]!r} is {kind.label}, or "
                f"NaN where not measured; found {cells.value[at]:g}"
            )
