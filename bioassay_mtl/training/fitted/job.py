"""Job of growing the trees of one task, and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.nn.trees.nodes import Trees
from bioassay_mtl.registry import Registry
from bioassay_mtl.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FEWEST = 10
"""Measured training rows that trees need; a task of fewer is predicted at its base rate."""


@dataclass(frozen=True)
class Part:
    """Measured rows of a task.

    Parameters
    ----------
    x
        ``(n, F)``.
    y
        ``(n,) float32``: labels, values in standard units.
    bound
        ``(n,) int8``: see :class:`~bioassay_mtl.tasks.measured.MeasuredCells`.
    weight
        ``(n,) float32``.
    """

    x: csr_matrix
    y: NDArray[np.float32]
    bound: NDArray[np.int8]
    weight: NDArray[np.float32]

    def where(self, chosen: NDArray[np.bool_]) -> Part:
        """Subset of the rows."""
        return Part(self.x[chosen], self.y[chosen], self.bound[chosen], self.weight[chosen])

    def labeled(self, y: NDArray[Any]) -> Part:
        """The same rows with other labels."""
        return replace(self, y=y.astype(np.float32))

    @property
    def tells(self) -> bool:
        """Whether there are enough rows, and two different labels."""
        return len(self.y) >= FEWEST and bool((self.y != self.y[0]).any())


@dataclass(frozen=True)
class Job:
    """One task.

    Parameters
    ----------
    kind
        Kind of the task.
    settings
        Settings of the trees.
    train, valid
        Rows to grow on, and to stop by (there may be none).
    start
        ``(k,) float64``: outputs that predict the base rate.
    outputs
        ``(k,)``: indices of the task's outputs.
    noise
        Noise of a measurement of censored values, in standard units.
    seed
        Seed of this task.
    n_threads
        Threads that may be used without a digit of the result depending on it.
    """

    kind: TaskKind
    settings: Any
    train: Part
    valid: Part
    start: NDArray[np.float64]
    outputs: NDArray[np.int64]
    noise: float
    seed: int
    n_threads: int = 1


class Grown(NamedTuple):
    """Trees of a task, and what is added to the sums of their leaves: ``(k,) float64``."""

    trees: Trees
    intercept: NDArray[np.float64]


Grow = Callable[[Job], Grown]

growers: dict[str, Registry[Grow]] = {
    "boosted_trees": Registry("task type of boosted trees"),
    "forest": Registry("task type of a forest"),
}
"""Growers of the trees of a task, by the kind of network, then of the task."""
