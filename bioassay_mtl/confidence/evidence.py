"""Predictions of measured molecules that the model had not learned from, by assay."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.confidence.conformal import inactive_p_values
from bioassay_mtl.confidence.grid import ScoreCounts, places
from bioassay_mtl.confidence.venn_abers import venn_abers

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Shares of new measurements that intervals of values agree with."""
USUAL_LEVEL = 0.9

OUT_OF_FOLD, VALIDATION, HELD_OUT = "out of fold", "validation", "held out"
"""Rows that were predicted by a model which was trained without them; rows that chose the epoch of
a network, on which it may do a little better than on others; and rows that one other training of
the same settings had not seen."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Measured cells of T tasks, with their predictions.

    Parameters
    ----------
    counts
        Score counts of binary tasks: cells by the network's logit, before any calibration.
    half_widths
        ``(T, len(LEVELS)) float64``: of intervals about values, in the tasks' units; infinite where
        there are too few cells, or outcomes.
    rows
        :data:`OUT_OF_FOLD`, :data:`VALIDATION` or :data:`HELD_OUT`.
    """

    counts: ScoreCounts
    half_widths: NDArray[np.float64]
    rows: str

    @cached_property
    def p_values(self) -> NDArray[np.float32]:
        """``(T, N_PLACES)``, see :func:`~bioassay_mtl.confidence.conformal.inactive_p_values`."""
        return inactive_p_values(self.counts)

    def probabilities(
        self, logits: NDArray[np.floating], tasks: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """p0 and p1 of new molecules (:mod:`bioassay_mtl.confidence.venn_abers`).

        Parameters
        ----------
        logits
            ``(n, c)``: of the network, without calibration; NaN gives NaN.
        tasks
            ``(c,)``: the binary task of each column.
        """
        for task in tasks.tolist():
            if task not in self._tables:
                one = slice(task, task + 1)
                counts = ScoreCounts(self.counts.inactive[one], self.counts.active[one])
                self._tables[task] = venn_abers(counts)[0]
        known = ~np.isnan(logits)
        at = places(np.where(known, logits, 0))
        tables = np.array([self._tables[task] for task in tasks.tolist()])
        found = np.where(known[..., None], tables[np.arange(len(tasks)), at], np.float32(np.nan))
        return found[..., 0], found[..., 1]

    @cached_property
    def _tables(self) -> dict[int, NDArray[np.float32]]:
        return {}
