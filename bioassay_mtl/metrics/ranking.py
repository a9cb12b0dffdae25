"""The measured molecules of one assay, best score first: what every metric is computed from.

A ranking metric needs little of a ranking: for each run of equal scores that holds an active, how
many actives it holds, and how many molecules lie ahead of its start and of its end. These numbers
can be weighted, so that R bootstrap resamples (a molecule drawn twice weighs 2) are computed
together from one sort.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.metrics.cells import Cells, kind_cells
from bioassay_mtl.metrics.cells import Floats as Floats
from bioassay_mtl.tasks.labels import NOT_MEASURED
from bioassay_mtl.tasks.measured import TaskCells


def quiet() -> np.errstate:
    """Division by zero gives the NaN or infinity that is then replaced, without a warning."""
    return np.errstate(divide="ignore", invalid="ignore")


class ActiveBlocks(NamedTuple):
    """The K runs of equal scores that hold an active, best first, in R resamples.

    Attributes
    ----------
    actives
        ``(K, R)``: actives in the run.
    above, through
        ``(K, R)``: molecules ahead of the run's start, and of its end.
    n_actives, n
        ``(R,)``: all actives, all molecules.
    """

    actives: Floats
    above: Floats
    through: Floats
    n_actives: Floats
    n: Floats

    def where_defined(self, values: Floats) -> Floats:
        """NaN where a resample holds no active or no inactive."""
        return np.where((self.n_actives > 0) & (self.n_actives < self.n), values, np.nan)


@dataclass(frozen=True, eq=False)
class Ranking:
    """m measured molecules of one assay, best score first.

    Parameters
    ----------
    rows
        ``(m,)``: where they are in the panel.
    active
        ``(m,) bool``.
    scores
        ``(m,)``, descending.
    weights
        ``(m, R)``: how often each was drawn in R resamples.
    """

    rows: NDArray[np.intp]
    active: NDArray[np.bool_]
    scores: NDArray[np.floating[Any]]
    weights: Floats

    @staticmethod
    def of(labels: NDArray[Any], scores: NDArray[np.floating[Any]]) -> Ranking:
        """Rank the measured molecules, each once (R = 1).

        Parameters
        ----------
        labels
            ``(n,)``: 1 active, 0 inactive, -1 not measured.
        scores
            ``(n,)``: higher is more active; unmeasured ones are not looked at.

        Raises
        ------
        ValueError
            If a measured molecule has no finite score.
        """
        measured = np.flatnonzero(labels != NOT_MEASURED)
        return Ranking.of_cells(measured, labels[measured], scores[measured])

    @staticmethod
    def of_cells(
        rows: NDArray[np.intp], labels: NDArray[Any], scores: NDArray[np.floating[Any]]
    ) -> Ranking:
        """Rank measured molecules: their rows, labels (1 active) and scores, ``(m,)`` each.

        Raises
        ------
        ValueError
            If one has no finite score.
        """
        order = np.argsort(-scores)
        # NaN sorts last, infinities to the ends.
        if len(rows) and not np.isfinite(scores[order[[0, -1]]]).all():
            bad = np.argmin(np.isfinite(scores))
            raise ValueError(
                f"the score of row {rows[bad]} is {scores[bad]}, but its label is measured"
            )
        return Ranking(rows[order], labels[order] == 1, scores[order], np.ones((len(rows), 1)))

    def resampled(self, weights: Floats) -> Ranking:
        """The same molecules, drawn as often as ``weights (n, R)`` says."""
        return replace(self, weights=weights[self.rows])

    @cached_property
    def blocks(self) -> ActiveBlocks:
        """Blocks that ranking metrics read."""
        m = len(self.scores)
        edges = np.flatnonzero(np.diff(self.scores, prepend=np.nan, append=np.nan))
        places = np.flatnonzero(self.active)
        run, first = np.unique(np.searchsorted(edges, places, side="right"), return_index=True)
        start, end = edges[run - 1], edges[run]
        bounds = np.unique(np.concatenate([[0], start, end]))
        ahead = _sums_before(self.weights, bounds)
        actives = np.diff(_sums_before(self.weights[places], first), axis=0)
        return ActiveBlocks(
            actives,
            ahead[np.searchsorted(bounds, start)],
            ahead[np.searchsorted(bounds, end)],
            actives.sum(axis=0),
            ahead[-1] if m else np.zeros(self.weights.shape[1]),
        )


def _sums_before(weights: Floats, bounds: NDArray[np.intp]) -> Floats:
    """Sum of the rows before each ascending bound, then of all rows, ``(len(bounds) + 1, R)``.

    The first bound is 0, or there is none.
    """
    sums = np.zeros((len(bounds) + 1, weights.shape[1]))
    inside = bounds[bounds < len(weights)]
    if len(inside):
        np.cumsum(np.add.reduceat(weights, inside, axis=0), axis=0, out=sums[1 : len(inside) + 1])
        sums[len(inside) + 1 :] = sums[len(inside)]
    return sums


@kind_cells.register("binary")
def _of_task(cells: TaskCells, predictions: NDArray[Any]) -> Cells:
    return Ranking.of_cells(cells.rows, cells.values.astype(np.int8), predictions[:, 0])
