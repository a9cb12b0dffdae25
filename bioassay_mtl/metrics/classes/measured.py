"""The measured classes of one task beside their predicted probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.metrics.cells import Cells, Floats, kind_cells
from bioassay_mtl.tasks.measured import TaskCells


@dataclass(frozen=True, eq=False)
class ClassCells:
    """m measured molecules of one task of K classes.

    Parameters
    ----------
    rows
        ``(m,)``: where they are in the panel.
    labels
        ``(m,)``: numbers of classes.
    probabilities
        ``(m, K)``.
    weights
        ``(m, R)``: how often each was drawn in R resamples.
    """

    rows: NDArray[np.intp]
    labels: NDArray[np.intp]
    probabilities: Floats
    weights: Floats

    @staticmethod
    def of(labels: NDArray[Any], probabilities: NDArray[Any]) -> ClassCells:
        """The measured molecules, each once; ``labels (n,)`` are NaN where not measured."""
        rows = np.flatnonzero(~np.isnan(labels))
        return ClassCells.of_cells(rows, labels[rows], probabilities[rows])

    @staticmethod
    def of_cells(
        rows: NDArray[np.intp], labels: NDArray[Any], probabilities: NDArray[Any]
    ) -> ClassCells:
        """Measured molecules alone, ``(m,)``, ``(m,)`` and ``(m, K)``."""
        return ClassCells(
            rows,
            labels.astype(np.intp),
            probabilities.astype(np.float64),
            np.ones((len(rows), 1)),
        )

    def resampled(self, weights: Floats) -> ClassCells:
        """The same molecules, drawn as often as ``weights (n, R)`` says."""
        return replace(self, weights=weights[self.rows])

    @property
    def n_classes(self) -> int:
        """K."""
        return len(self.probabilities.T)

    @cached_property
    def choices(self) -> NDArray[np.intp]:
        """``(m,)``: the most probable classes."""
        chosen: NDArray[np.intp] = self.probabilities.argmax(axis=1)
        return chosen

    @cached_property
    def confusion(self) -> Floats:
        """``(K, K, R)``: how often a class was measured (first axis) and chosen (second)."""
        found = np.zeros((self.n_classes, self.n_classes, self.weights.shape[1]))
        np.add.at(found, (self.labels, self.choices), self.weights)
        return found

    @property
    def has_two_classes(self) -> NDArray[np.bool_]:
        """``(R,)``: resamples in which at least two classes were measured."""
        found: NDArray[np.bool_] = (self.confusion.sum(axis=1) > 0).sum(axis=0) > 1
        return found


@kind_cells.register("multiclass")
@kind_cells.register("ordinal")
def _of_task(cells: TaskCells, predictions: NDArray[Any]) -> Cells:
    return ClassCells.of_cells(cells.rows, cells.values, predictions)
