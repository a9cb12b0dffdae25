"""The measured cells of one task of any kind: what its metrics are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.metrics.classes import ClassCells
from bioassay_mtl.metrics.ranking import Floats, Ranking
from bioassay_mtl.metrics.values import Values
from bioassay_mtl.tasks.kinds import Classes, TaskKind
from bioassay_mtl.tasks.labels import as_floats, as_outcomes, is_measured


class Cells(Protocol):
    """A :class:`Ranking`, :class:`ClassCells` or :class:`Values`."""

    @property
    def rows(self) -> NDArray[np.intp]:
        """``(m,)``: where the measured molecules are in the panel."""
        ...

    def resampled(self, weights: Floats) -> Cells:
        """The same molecules, drawn as often as ``weights (n, R)`` says."""
        ...


def cells_of(
    kind: TaskKind,
    labels: NDArray[Any],
    predictions: NDArray[np.floating[Any]],
    bounds: NDArray[np.int8] | None,
) -> Cells:
    """The measured cells of a task: ``labels, bounds (n,)``, ``predictions (n, c)``."""
    if kind.kind == "binary":
        return Ranking.of(as_outcomes(labels), predictions[:, 0])
    if isinstance(kind, Classes):
        return ClassCells.of(as_floats(labels), predictions)
    return Values.of(as_floats(labels), predictions[:, 0], bounds)


def check_predictions(
    labels: NDArray[Any],
    predictions: NDArray[np.floating[Any]],
    tasks: Sequence[str],
    kinds: Sequence[TaskKind],
) -> None:
    """Raise an InputError unless every measured cell has a prediction of its kind."""
    widths = [len(kind.columns("")) for kind in kinds]
    expected = (len(labels), sum(widths))
    if labels.shape[1:] != (len(tasks),) or predictions.shape != expected:
        raise InputError(
            f"labels {labels.shape}, predictions {predictions.shape} and {len(tasks)} task names "
            f"do not fit together: {expected[1]} columns of predictions are expected"
        )
    is_chance = np.repeat([not kind.is_value for kind in kinds], widths)
    fits = np.isfinite(predictions) & (~is_chance | ((predictions >= 0) & (predictions <= 1)))
    owner = np.repeat(np.arange(len(tasks)), widths)
    faulty = is_measured(labels)[:, owner] & ~fits
    if faulty.any():
        row, column = np.argwhere(faulty)[0]
        what = "probability" if is_chance[column] else "prediction"
        raise InputError(
            f"{np.count_nonzero(faulty)} measured cells have no {what}: row {row}, "
            f"{tasks[owner[column]]!r} has {predictions[row, column]}",
            hint="leave out the molecules that could not be predicted",
        )
