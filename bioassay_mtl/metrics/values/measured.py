"""The measured values of one assay beside the predicted ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.metrics.cells import Cells, Floats, kind_cells
from bioassay_mtl.tasks.measured import TaskCells


@dataclass(frozen=True, eq=False)
class Values:
    """m measured molecules of one assay.

    Parameters
    ----------
    rows
        ``(m,)``: where they are in the panel.
    labels, predictions
        ``(m,)`` in one unit.
    bounds
        ``(m,)``: 1 where the true value is at or above the label, -1 at or below, 0 exact.
    weights
        ``(m, R)``: how often each was drawn in R resamples.
    """

    rows: NDArray[np.intp]
    labels: Floats
    predictions: Floats
    bounds: NDArray[np.int8]
    weights: Floats

    @staticmethod
    def of(labels: NDArray[Any], predictions: NDArray[Any], bounds: Any = None) -> Values:
        """The measured molecules, each once; ``labels (n,)`` are NaN where not measured."""
        rows = np.flatnonzero(~np.isnan(labels))
        sides = None if bounds is None else np.asarray(bounds, np.int8)[rows]
        return Values.of_cells(rows, labels[rows], predictions[rows], sides)

    @staticmethod
    def of_cells(
        rows: NDArray[np.intp],
        labels: NDArray[Any],
        predictions: NDArray[Any],
        bounds: NDArray[np.int8] | None,
    ) -> Values:
        """Measured molecules alone, ``(m,)`` each."""
        return Values(
            rows,
            labels.astype(np.float64),
            predictions.astype(np.float64),
            np.zeros(len(rows), np.int8) if bounds is None else bounds,
            np.ones((len(rows), 1)),
        )

    def resampled(self, weights: Floats) -> Values:
        """The same molecules, drawn as often as ``weights (n, R)`` says."""
        return replace(self, weights=weights[self.rows])

    @cached_property
    def exact(self) -> Values:
        """Measurements whose label is the value."""
        at = self.bounds == 0
        return Values(
            self.rows[at], self.labels[at], self.predictions[at], self.bounds[at], self.weights[at]
        )

    @cached_property
    def errors(self) -> Floats:
        """Predictions less labels."""
        return self.predictions - self.labels

    def mean(self, values: Floats) -> Floats:
        """``(R,)`` weighted means of ``(m,)`` or ``(m, R)`` values; NaN where nothing is drawn."""
        values = values[:, None] if values.ndim == 1 else values
        with np.errstate(invalid="ignore", divide="ignore"):
            means: Floats = (values * self.weights).sum(axis=0) / self.weights.sum(axis=0)
        return means


@kind_cells.register("regression")
@kind_cells.register("censored")
def _of_task(cells: TaskCells, predictions: NDArray[Any]) -> Cells:
    return Values.of_cells(cells.rows, cells.values, predictions[:, 0], cells.bounds)
