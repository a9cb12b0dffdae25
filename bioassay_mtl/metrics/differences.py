"""Whether one set of predictions is better than another on the same measured cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.metrics.bootstrap import bootstrap, bootstrap_interval
from bioassay_mtl.metrics.cells import by_task, checked_predictions, kind_cells
from bioassay_mtl.metrics.judging import kind_judging
from bioassay_mtl.metrics.ranking import Floats
from bioassay_mtl.metrics.registries import kind_metrics
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.measured import MeasuredCells

Predictions = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Differences:
    """Differences of scores between two sets of predictions.

    Parameters
    ----------
    metrics
        T names: the telling metric of each assay's kind, the first of
        :attr:`~bioassay_mtl.metrics.judging.Judging.by_chance`.
    values
        ``(T,)``; NaN where the metric is not defined.
    ends
        ``(T, 2)``: 95 % intervals, over resampled molecules that are the same for both.
    """

    metrics: tuple[str, ...]
    values: Floats
    ends: Floats

    @property
    def better(self) -> NDArray[np.bool_]:
        """``(T,)``: assays in which the interval lies above 0."""
        found: NDArray[np.bool_] = self.ends[:, 0] > 0
        return found

    @property
    def worse(self) -> NDArray[np.bool_]:
        """``(T,)``: assays in which the interval lies below 0."""
        found: NDArray[np.bool_] = self.ends[:, 1] < 0
        return found

    def of(self, chosen: NDArray[np.bool_]) -> Differences:
        """Differences of some assays."""
        names = tuple(name for name, wanted in zip(self.metrics, chosen, strict=True) if wanted)
        return replace(self, metrics=names, values=self.values[chosen], ends=self.ends[chosen])


def telling_metric(kind: str) -> str:
    """The metric by which models of a task type are compared."""
    return next(iter(kind_judging[kind].by_chance))


def differences(
    cells: MeasuredCells,
    first: Predictions,
    second: Predictions,
    tasks: Sequence[str],
    kinds: Sequence[TaskKind],
    *,
    n_bootstrap: int = 200,
    seed: int = 0,
) -> Differences:
    """Differences of the first predictions' scores to the second's, assay by assay.

    Parameters
    ----------
    cells, tasks, kinds
        Measured cells, and their tasks.
    first, second
        See :func:`~bioassay_mtl.metrics.evaluation.evaluate`.
    n_bootstrap, seed
        Resamples of the molecules, the same for both, and their seed.
    """
    names = tuple(telling_metric(kind.kind) for kind in kinds)
    drawn, values = [], []
    for predictions in (first, second):
        found, resampled = _scored(cells, predictions, tasks, kinds, names, n_bootstrap, seed)
        values.append(found)
        drawn.append(resampled)
    apart = values[0] - values[1]
    return Differences(names, apart, bootstrap_interval(drawn[0] - drawn[1], apart))


def _scored(
    cells: MeasuredCells,
    predictions: Predictions,
    tasks: Sequence[str],
    kinds: Sequence[TaskKind],
    names: Sequence[str],
    n_bootstrap: int,
    seed: int,
) -> tuple[Floats, Floats]:
    """The telling metric of each assay, ``(T,)`` and resampled ``(T, R)``."""
    predicted = checked_predictions(cells, predictions, tasks, kinds)
    held = [
        kind_cells[kind.kind](measured, some)
        for kind, (measured, some) in zip(kinds, by_task(cells, predicted, kinds), strict=True)
    ]
    values = np.array(
        [
            kind_metrics[kind.kind][name].compute(some)[0]
            for kind, name, some in zip(kinds, names, held, strict=True)
        ]
    )
    distinct = list(dict.fromkeys(names))
    own = [kind.kind for kind in kinds]
    drawn = bootstrap(held, own, distinct, cells.n_rows, n_bootstrap, seed)
    return values, drawn[[distinct.index(name) for name in names], np.arange(len(tasks))]
