"""Non-negative weights of one task, given what is expected of them: a convex problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.nn.stacking.out_of_fold import Floats, TaskOutputs

STEPS = 100
HALVINGS = 40


class Prior(NamedTuple):
    """Prior of d numbers before any cell is seen: independent normal ones.

    Attributes
    ----------
    mean, precision
        ``(d,)``.
    """

    mean: Floats
    precision: Floats

    def of(self, places: NDArray[np.intp]) -> Prior:
        """Prior of some of the numbers."""
        return Prior(self.mean[places], self.precision[places])


class Expansion(NamedTuple):
    """A loss near some numbers ``at (d,)``, to second order.

    Attributes
    ----------
    at
        ``(d,)``.
    value, slope, curvature
        The loss, its first derivatives ``(d,)`` and its second ones ``(d, d)``.
    """

    at: Floats
    value: float
    slope: Floats
    curvature: Floats

    @property
    def linear(self) -> Floats:
        """``(d,)`` b of ``x A x / 2 - b x``, which the loss is but for a constant."""
        found: Floats = self.curvature @ self.at - self.slope
        return found


@dataclass(frozen=True, eq=False)
class Problem:
    """The loss of a task by d = E + k numbers: weights w of the experts, then shifts b.

    Combined is ``level + b + sum_e w_e (output_e - mean_e)``: with even weights and no shift, the
    plain mean of the experts. Shifts hardly depend on weights so, and can be small.

    Parameters
    ----------
    task
        The cells.
    design
        ``(m, k, d)``: outputs about their means, then ones.
    level
        ``(k,)``: mean of all experts.
    means
        ``(E, k)``: of each expert.
    noise
        Standard deviation of values about what is combined.
    """

    task: TaskOutputs
    design: Floats
    level: Floats
    means: Floats
    noise: float

    @staticmethod
    def of(task: TaskOutputs, heard: NDArray[np.bool_], noise: float) -> Problem:
        """The problem of a task that heard some experts ``(E,)``."""
        k = task.outputs.shape[2]
        total = max(float(task.weight.sum()), 1e-12)
        means = np.einsum("mek,m->ek", task.outputs, task.weight) / total
        about = np.swapaxes(task.outputs - means, 1, 2)
        ones = np.broadcast_to(np.eye(k), (len(about), k, k))
        design = np.concatenate([about, ones], axis=2)
        return Problem(task, design, means[heard].mean(axis=0), means, noise)

    @property
    def n_experts(self) -> int:
        """E."""
        return len(self.means)

    def combined(self, numbers: Floats) -> Floats:
        """``(m, k)``."""
        found: Floats = self.design @ numbers + self.level
        return found

    def bias(self, numbers: Floats) -> Floats:
        """``(k,)`` bias that goes with outputs as they are, and not about their means."""
        weights, shifts = np.split(numbers, [self.n_experts])
        found: Floats = self.level + shifts - weights @ self.means
        return found

    def expand(self, numbers: Floats) -> Expansion:
        """The loss near some numbers ``(d,)``."""
        losses = self.task.losses(self.combined(numbers), self.noise)
        weight = self.task.weight
        flat = self.design.reshape(-1, self.design.shape[2])
        slope = (losses.slope * weight[:, None]).ravel() @ flat
        curved = losses.curvature * weight[:, None, None]
        once = curved * self.design if curved.shape[1] == 1 else curved @ self.design
        return Expansion(
            numbers, float(losses.value @ weight), slope, flat.T @ once.reshape(flat.shape)
        )


def solve(
    problem: Problem,
    prior: Prior,
    start: Floats,
    open_to: NDArray[np.bool_],
    tolerance: float = 1e-7,
) -> Expansion:
    """The most probable numbers, weights at least 0, and the loss of the cells near them.

    Newton's method, projected onto what is allowed; the loss is convex and the prior proper, so
    that it ends where it must.

    Parameters
    ----------
    problem
        Problem of the task.
    prior
        Prior of the d numbers.
    start
        ``(d,)``.
    open_to
        ``(E,)``: experts that may have a weight; those of the others are 0.
    tolerance
        Tolerance in nats: where the next step would gain less, it is left out.

    References
    ----------
    Bertsekas, SIAM J. Control Optim. 20 (1982) 221.
    """
    floor = np.full(len(start), -np.inf)
    floor[: problem.n_experts] = 0
    may_move = np.ones(len(start), bool)
    may_move[: problem.n_experts] = open_to
    here = problem.expand(np.where(may_move, np.maximum(start, floor), 0))
    for _ in range(STEPS):
        pull = prior.precision * (here.at - prior.mean)
        slope = here.slope + pull
        free = np.flatnonzero(may_move & ~((here.at <= floor) & (slope >= 0)))
        step = np.zeros_like(slope)
        bent = here.curvature[np.ix_(free, free)] + np.diag(prior.precision[free])
        step[free] = -np.linalg.solve(bent, slope[free])
        if -(step @ slope) < tolerance:
            break
        there = _downhill(problem, prior, here, step, floor)
        if there is None:
            break
        here = there
    return here


def _downhill(
    problem: Problem, prior: Prior, here: Expansion, step: Floats, floor: Floats
) -> Expansion | None:
    """The first point along a step, halved time and again, that is better by enough."""
    value = here.value + _penalty(prior, here.at)
    slope = here.slope + prior.precision * (here.at - prior.mean)
    for halving in range(HALVINGS):
        there = problem.expand(np.maximum(here.at + step / 2**halving, floor))
        gain = -(slope @ (there.at - here.at))
        if there.value + _penalty(prior, there.at) <= value - 1e-4 * gain:
            return there
    return None


def _penalty(prior: Prior, numbers: Floats) -> float:
    return float(prior.precision @ (numbers - prior.mean) ** 2) / 2
