"""Values in standard units: tasks of different units learn, and weigh, alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.renamed import in_module
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.measured import MeasuredCells

ENOUGH_EXACT = 10
"""Exact values that a censored task needs to be standardized by them alone."""


@dataclass(frozen=True, eq=False)
class TargetScaler:
    """``standard = (value - center) / scale`` for each of T tasks; 0 and 1 for classes.

    Parameters
    ----------
    center, scale
        ``(T,) float64``.
    """

    center: NDArray[np.float64]
    scale: NDArray[np.float64]

    @staticmethod
    def of(cells: MeasuredCells, kinds: Sequence[TaskKind]) -> TargetScaler:
        """Mean and standard deviation of the measured values of each task.

        Bounds say little of where values are: they count, at their face value, only in a task with
        fewer than `ENOUGH_EXACT` exact values. A task whose values are all equal has scale 1.

        Parameters
        ----------
        cells
            The measured cells of the training rows.
        kinds
            Kind of each task.
        """
        center, scale = np.zeros(len(kinds)), np.ones(len(kinds))
        for task, kind in enumerate(kinds):
            if not kind.is_value:
                continue
            _, values, bounds = cells.of_task(task)
            if bounds is not None and np.count_nonzero(bounds == 0) >= ENOUGH_EXACT:
                values = values[bounds == 0]
            values = values.astype(np.float64)
            if len(values):
                center[task] = values.mean()
                # Rounding alone makes no spread: float32 values have some seven digits.
                spread = values.std()
                scale[task] = spread if spread > 1e-6 * np.abs(values).max() else 1.0
        return TargetScaler(center, scale)

    def apply(self, cells: MeasuredCells) -> MeasuredCells:
        """The same cells, values in standard units."""
        center, scale = self.center[cells.task], self.scale[cells.task]
        return cells.with_values((cells.value - center) / scale)

    def undo(
        self, predictions: NDArray[np.float32], kinds: Sequence[TaskKind]
    ) -> NDArray[np.float32]:
        """``(n, columns)`` predictions of all tasks, values in the tasks' own units again."""
        widths = [len(kind.columns("")) for kind in kinds]
        center, scale = np.repeat(self.center, widths), np.repeat(self.scale, widths)
        largest = np.finfo(np.float32).max
        return np.clip(predictions * scale + center, -largest, largest).astype(np.float32)

    def to_json(self) -> dict[str, list[float]]:
        """Centers and scales as plain lists."""
        return {"center": self.center.tolist(), "scale": self.scale.tolist()}

    @staticmethod
    def from_json(held: Mapping[str, Sequence[float]]) -> TargetScaler:
        """Scaler from plain lists."""
        return TargetScaler(np.array(held["center"]), np.array(held["scale"]))


if not TYPE_CHECKING:
    __getattr__ = in_module(__name__, Standardisation="TargetScaler")
