"""Outputs of experts for measured cells that they had not learned from, task by task."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.nn.stacking.losses import BOUND_NOISE, CellLosses, stack_losses
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.measured import MeasuredCells

Floats = NDArray[np.float64]

LARGEST_LOGIT = 30.0
"""Logits beyond it count as this when weights are fitted: one wild cell must not decide alone."""


class TaskOutputs(NamedTuple):
    """The m cells of one task that at least one expert said something about.

    Attributes
    ----------
    outputs
        ``(m, E, k) float64``, all finite: where an expert said nothing, the mean of the others.
    labels
        ``(m,) float64``.
    bounds
        ``(m,) int8``, or None where all labels are exact.
    weight
        ``(m,) float64`` of the cells.
    kind
        The registered name of the task's kind.
    bound_noise
        How sharp bounds are, in standard units.
    """

    outputs: Floats
    labels: Floats
    bounds: NDArray[np.int8] | None
    weight: Floats
    kind: str
    bound_noise: float = BOUND_NOISE

    def losses(self, combined: Floats, noise: float) -> CellLosses:
        """Losses of combined outputs ``(m, k)``."""
        loss = stack_losses[self.kind]
        return loss(combined, self.labels, self.bounds, noise, self.bound_noise)

    def mean_loss(self, combined: Floats, noise: float) -> float:
        """Mean loss a cell, NaN where there is none."""
        total = float(self.weight.sum())
        losses = self.losses(combined, noise).value
        return float(losses @ self.weight) / total if total else float("nan")

    def take(self, cells: NDArray[np.int64]) -> TaskOutputs:
        """Some cells, in that order."""
        bounds = None if self.bounds is None else self.bounds[cells]
        return self._replace(
            outputs=self.outputs[cells],
            labels=self.labels[cells],
            bounds=bounds,
            weight=self.weight[cells],
        )


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Outputs of E experts for the measured cells of T tasks.

    Parameters
    ----------
    outputs
        ``(n, E, O)`` of n rows and O outputs of the tasks; or ``(P, E)`` of the measured cells
        alone, in their order, those of a cell side by side. NaN where an expert said nothing.
        Logits of outcomes, values in standard units.
    cells
        The measured cells of the n rows, values in standard units.
    kinds
        Kind of each of the T tasks.
    counts
        ``(T,)``: outputs of each task; the O outputs are in the order of the tasks.
    weight
        ``(m,)`` of the measured cells, or None where all weigh 1.
    bound_noise
        How sharp bounds of censored values are, in standard units.

    Raises
    ------
    InputError
        Shapes do not fit, an output is infinite, or a weight is negative or no number.
    """

    outputs: NDArray[Any]
    cells: MeasuredCells
    kinds: tuple[TaskKind, ...]
    counts: NDArray[np.int64]
    weight: NDArray[Any] | None = None
    bound_noise: float = BOUND_NOISE

    def __post_init__(self) -> None:
        self._check_shapes()
        if np.isinf(self.outputs).any():
            raise InputError("an output to stack is infinite: numbers, or NaN, are expected")
        if self.weight is not None and not (
            np.isfinite(self.weight).all() and (np.asarray(self.weight) >= 0).all()
        ):
            raise InputError("weights of cells must be finite, and at least 0")

    def _check_shapes(self) -> None:
        n_tasks = self.cells.n_tasks
        if not len(self.kinds) == len(self.counts) == n_tasks:
            raise InputError(
                f"{n_tasks} tasks are to be stacked, with {len(self.kinds)} kinds and "
                f"{len(self.counts)} counts of outputs"
            )
        n_pairs = int(self.counts[self.cells.task].sum())
        expected = [(self.cells.n_rows, "E", self.n_outputs), (n_pairs, "E")]
        shape = self.outputs.shape
        if not any(
            len(shape) == len(each) and shape[0] == each[0] and shape[2:] == each[2:]
            for each in expected
        ):
            raise InputError(f"outputs to stack are {expected[0]} or {expected[1]}, found {shape}")
        if not shape[1]:
            raise InputError("outputs of at least one expert are needed to stack them")
        if self.weight is not None and self.weight.shape != self.cells.value.shape:
            raise InputError(
                f"{self.cells.n_cells} measured cells have weights {self.weight.shape}"
            )

    @property
    def n_experts(self) -> int:
        """E."""
        return int(self.outputs.shape[1])

    @property
    def n_tasks(self) -> int:
        """T."""
        return self.cells.n_tasks

    @property
    def n_outputs(self) -> int:
        """O."""
        return int(self.counts.sum())

    @cached_property
    def owner(self) -> NDArray[np.int64]:
        """``(O,)``: the task of each output."""
        return np.repeat(np.arange(self.n_tasks), self.counts)

    @cached_property
    def heard(self) -> NDArray[np.bool_]:
        """``(T, E)``: experts that said something about a measured cell of a task.

        A task about which none did hears all experts that said something about any, or all there
        are.
        """
        found = np.zeros((self.n_tasks, self.n_experts), bool)
        for task in range(self.n_tasks):
            found[task] = ~np.isnan(self._of_task(task)).all(axis=(0, 2))
        somewhere = found.any(axis=0)
        found[~found.any(axis=1)] = somewhere if somewhere.any() else True
        return found

    @cached_property
    def _cells_by_task(self) -> list[NDArray[np.int64]]:
        return [self.cells.cells_of(task) for task in range(self.n_tasks)]

    @cached_property
    def _by_task(self) -> NDArray[Any]:
        """``(P, E)`` outputs of the measured cells, task by task.

        They lie far apart in what is given, and are read several times.
        """
        first = np.cumsum(self.counts) - self.counts
        starts = np.cumsum(self.counts[self.cells.task]) - self.counts[self.cells.task]
        row = self.cells.row
        parts = [np.zeros((0, self.n_experts), self.outputs.dtype)]
        for task, cells in enumerate(self._cells_by_task):
            within = np.arange(self.counts[task])
            if self.outputs.ndim == 3:
                here = self.outputs[row[cells][:, None], :, first[task] + within]
            else:
                here = self.outputs[starts[cells][:, None] + within]
            parts.append(here.reshape(-1, self.n_experts))
        return np.concatenate(parts)

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        """End of each task's outputs in :attr:`_by_task`, 0 first."""
        return np.concatenate([[0], np.cumsum(self.cells.counts * self.counts)])

    def _of_task(self, task: int) -> NDArray[Any]:
        """``(m, E, k)`` outputs of the measured cells of a task."""
        here = self._by_task[self._ends[task] : self._ends[task + 1]]
        return np.swapaxes(here.reshape(-1, int(self.counts[task]), self.n_experts), 1, 2)

    def of_task(self, task: int) -> TaskOutputs:
        """The cells of a task that an expert said something about."""
        outputs = self._of_task(task).astype(np.float64)
        if not self.kinds[task].is_value:
            outputs = np.clip(outputs, -LARGEST_LOGIT, LARGEST_LOGIT)
        cells = self._cells_by_task[task]
        labels = self.cells.value[cells].astype(np.float64)
        bounds = None if self.cells.bound is None else self.cells.bound[cells]
        weight = np.ones(len(cells)) if self.weight is None else self.weight[cells].astype(float)
        found = TaskOutputs(
            outputs, labels, bounds, weight, self.kinds[task].kind, self.bound_noise
        )
        silent = np.isnan(outputs)
        if not silent.any():
            return found
        filled = _filled(outputs, silent)
        known = np.isfinite(filled).all(axis=(1, 2))
        return found._replace(outputs=filled).take(np.flatnonzero(known))


def _filled(outputs: Floats, silent: NDArray[np.bool_]) -> Floats:
    """``(m, E, k)`` with the mean of the experts that spoke in the place of NaN."""
    n_said = (~silent).sum(axis=1, keepdims=True)
    total = np.where(silent, 0, outputs).sum(axis=1, keepdims=True)
    mean = np.divide(total, n_said, out=np.full(total.shape, np.nan), where=n_said > 0)
    found: Floats = np.where(silent, mean, outputs)
    return found
