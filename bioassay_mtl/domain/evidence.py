"""Measurements of training molecules, as predicted columns tell them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.measured import MeasuredCells

_BOUNDS = {-1: "<", 0: "", 1: ">"}
BETWEEN = " / "
"""Mark between labels that contradict each other."""


class Evidence:
    """Training molecules that are evidence for some predicted columns.

    Molecules of a binary task's column are those that are known to be active; for that of a class,
    those known to be of it; for that of a value, all that were measured.

    Parameters
    ----------
    cells
        Measured cells of n molecules and T tasks.
    kinds
        Kind of each task.
    columns
        Places of t columns among the predicted ones, in any order, each once.
    """

    def __init__(
        self, cells: MeasuredCells, kinds: Sequence[TaskKind], columns: Sequence[int]
    ) -> None:
        self._cells, self._kinds = cells, kinds
        self.n_columns = len(columns)
        starts = np.array([*accumulate((len(kind.columns("")) for kind in kinds), initial=0)])
        self._place = np.full(starts[-1], -1)
        self._place[list(columns)] = np.arange(self.n_columns)
        self._task_of = np.repeat(np.arange(len(kinds)), np.diff(starts))[list(columns)]
        has_actives, is_value = (
            np.array([getattr(kind, name) for kind in kinds], np.bool_)
            for name in ("has_actives", "is_value")
        )
        outcome = np.where(is_value[cells.task], 0, cells.value).astype(np.int64)
        is_one = has_actives[cells.task]
        column = self._place[starts[cells.task] + np.where(is_one, 0, outcome)]
        shown = (column >= 0) & (~is_one | (outcome == 1))
        self._column = column[shown]
        self._starts = np.concatenate([[0], np.cumsum(shown)])[cells.offsets]

    def best(
        self,
        query: NDArray[np.int64],
        molecule: NDArray[np.int64],
        similarity: NDArray[np.float64],
        m: int,
    ) -> NDArray[np.float32]:
        """``(m, t)``: of p pairs, the highest similarity to evidence for each column; or NaN."""
        sizes = np.diff(self._starts)[molecule]
        at = np.arange(sizes.sum()) + np.repeat(
            self._starts[molecule] - np.cumsum(sizes) + sizes, sizes
        )
        found = np.full(m * self.n_columns, -1, np.float32)
        cell = np.repeat(query, sizes) * self.n_columns + self._column[at]
        np.maximum.at(found, cell, np.repeat(similarity, sizes).astype(np.float32))
        found[found < 0] = np.nan
        return found.reshape(m, self.n_columns)

    def molecules_for(self, column: int) -> NDArray[np.int64]:
        """Positions of the molecules that are evidence for one of the t columns."""
        row = np.repeat(np.arange(len(self._starts) - 1), np.diff(self._starts))
        found: NDArray[np.int64] = row[self._column == column]
        return found

    def known(
        self, query: NDArray[np.int64], molecule: NDArray[np.int64], m: int
    ) -> NDArray[np.object_]:
        """Measurements of the training molecules that m queries are.

        Parameters
        ----------
        query, molecule
            ``(p,)`` each: which is which; a query may be several.
        m
            Number of queries.

        Returns
        -------
        ``(m, t)`` texts: the outcome, or the value with its bound; empty where nothing was
        measured, and all that was where measurements contradict each other.
        """
        found = np.full((m, self.n_columns), "", object)
        cells = self._cells.cells_in(molecule)
        owner = np.repeat(query, self._cells.per_row[molecule])
        tasks, texts = self._cells.task[cells], self._texts(cells)
        by_task = np.full((m, len(self._kinds)), "", object)
        by_task[owner, tasks] = texts
        for at in np.flatnonzero(by_task[owner, tasks] != texts).tolist():
            there = by_task[owner[at], tasks[at]].split(BETWEEN)
            by_task[owner[at], tasks[at]] = BETWEEN.join(sorted({*there, texts[at]}))
        found[:] = by_task[:, self._task_of]
        return found

    def _texts(self, cells: NDArray[np.int64]) -> NDArray[np.object_]:
        """Labels of cells, in words."""
        tasks, values = self._cells.task[cells], self._cells.value[cells]
        bounds = self._cells.bounds[cells] if self._cells.bound is not None else None
        texts = np.full(len(cells), "", object)
        for names in {kind.outcomes for kind in self._kinds if kind.outcomes}:
            own = np.array([kind.outcomes == names for kind in self._kinds])[tasks]
            texts[own] = np.array(names, object)[values[own].astype(np.int64)]
        for at in np.flatnonzero(np.array([k.is_value for k in self._kinds])[tasks]).tolist():
            bound = "" if bounds is None else _BOUNDS[int(bounds[at])]
            texts[at] = f"{bound}{values[at]:.7g}"
        return texts
