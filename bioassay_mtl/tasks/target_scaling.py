"""Values in standard units: tasks of different units learn, and weigh, alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.labels import as_floats

ENOUGH_EXACT = 10
"""Exact values that a censored task needs to be standardised by them alone."""


@dataclass(frozen=True, eq=False)
class Standardisation:
    """``standard = (value - center) / scale`` for each of T tasks; 0 and 1 for classes.

    Parameters
    ----------
    center, scale
        ``(T,) float64``.
    """

    center: NDArray[np.float64]
    scale: NDArray[np.float64]

    @staticmethod
    def of(
        labels: NDArray[Any], bounds: NDArray[np.int8] | None, kinds: Sequence[TaskKind]
    ) -> Standardisation:
        """Mean and standard deviation of the measured values of each task.

        Bounds say little of where values are: they count, at their face value, only in a task with
        fewer than `ENOUGH_EXACT` exact values. A task whose values are all equal has scale 1.

        Parameters
        ----------
        labels, bounds
            ``(n, T)`` of the training rows, as in a panel.
        kinds
            Of the tasks.
        """
        center, scale = np.zeros(len(kinds)), np.ones(len(kinds))
        for task, kind in enumerate(kinds):
            if not kind.is_value:
                continue
            measured = ~np.isnan(labels[:, task])
            if bounds is not None:
                exact = measured & (bounds[:, task] == 0)
                measured = exact if exact.sum() >= ENOUGH_EXACT else measured
            values = labels[measured, task].astype(np.float64)
            if len(values):
                center[task] = values.mean()
                # Rounding alone makes no spread: float32 values have some seven digits.
                spread = values.std()
                scale[task] = spread if spread > 1e-6 * np.abs(values).max() else 1.0
        return Standardisation(center, scale)

    def apply(self, labels: NDArray[Any]) -> NDArray[np.float32]:
        """``(n, T)`` labels in standard units, NaN where not measured."""
        found: NDArray[np.float32] = ((as_floats(labels) - self.center) / self.scale).astype("f4")
        return found

    def undo(
        self, predictions: NDArray[np.float32], kinds: Sequence[TaskKind]
    ) -> NDArray[np.float32]:
        """``(n, columns)`` predictions of all tasks, values in the tasks' own units again."""
        widths = [len(kind.columns("")) for kind in kinds]
        center, scale = np.repeat(self.center, widths), np.repeat(self.scale, widths)
        return (predictions * scale + center).astype(np.float32)

    def to_json(self) -> dict[str, list[float]]:
        """As plain lists."""
        return {"center": self.center.tolist(), "scale": self.scale.tolist()}

    @staticmethod
    def from_json(held: Mapping[str, Sequence[float]]) -> Standardisation:
        """From plain lists."""
        return Standardisation(np.array(held["center"]), np.array(held["scale"]))
