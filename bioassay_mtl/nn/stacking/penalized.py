"""Weights of least loss, drawn towards those of the panel, and few of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bioassay_mtl.errors import counted
from bioassay_mtl.nn.stacking.base import (
    StackingMethod,
    combined,
    finished,
    noise_of,
    stackings,
    uniform,
)
from bioassay_mtl.nn.stacking.closing import among, worth_hearing
from bioassay_mtl.nn.stacking.newton import Expansion, Prior, Problem, solve
from bioassay_mtl.nn.stacking.out_of_fold import Floats, OutOfFold
from bioassay_mtl.nn.stacking.panel_prior import PanelPrior, panel_prior
from bioassay_mtl.nn.stacking.result import Stacking

Positive = Annotated[float, Field(gt=0)]


@stackings.register("penalized")
class Penalized(StackingMethod):
    """Penalized stacking of outputs, its penalty learned from all assays (empirical Bayes).

    An assay's weights are those of the least log loss (of values: Tobit likelihood) plus a penalty
    for their distance from the panel's, which is as strong as the assays are alike: few cells leave
    an assay the panel's weights, many give it its own. An expert is closed, its weight exactly 0,
    where it would be below 0, below the threshold, or where the cells speak for that.

    Parameters
    ----------
    spread
        Standard deviation of weights between assays that is expected before any is seen.
    spread_of
        Number of weights that it counts as: a panel of several assays finds its own spread.
    expected
        Weights of the experts that are expected before any assay is seen; all alike where None.
    mean_of
        Number of assays that it counts as.
    shift
        Standard deviation of what is added to outputs, next to the plain mean's level.
    tolerance
        Nats by which the evidence must rise for an expert to be closed.
    threshold
        Weights below this share of their sum are closed.
    rounds
        Number of times that weights and the panel's are found in turn.

    References
    ----------
    Wolpert, Neural Networks 5 (1992) 241; Breiman, Machine Learning 24 (1996) 49, for weights of at
    least 0; Efron and Morris, JASA 70 (1975) 311, for assays that learn from each other.
    """

    kind: Literal["penalized"] = "penalized"
    spread: Positive = 0.07
    spread_of: Positive = 6.0
    expected: tuple[Positive, ...] | None = None
    mean_of: Positive = 0.5
    shift: Positive = 1.0
    tolerance: Annotated[float, Field(ge=0)] = 2.0
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.02
    rounds: Annotated[int, Field(ge=1)] = 2

    def fit(self, held_out: OutOfFold, seed: int = 0) -> Stacking:
        n_experts = held_out.n_experts
        start = PanelPrior(self._expected(n_experts), self.spread)
        found = start
        fits = [_Fit.start(held_out, task) for task in range(held_out.n_tasks)]
        for _ in range(self.rounds):
            fits = [self._refitted(held_out, task, fit, found) for task, fit in enumerate(fits)]
            seen = [fit.of_weights(n_experts, self.shift) for fit in fits]
            linear, curvature = (np.stack(part) for part in zip(*seen, strict=True))
            found = panel_prior(linear, curvature, start, self.mean_of, self.spread_of)
        closed = [self._closed(held_out, task, fit, found) for task, fit in enumerate(fits)]
        weights = np.stack([weights for weights, _ in closed])
        bias = np.concatenate([bias for _, bias in closed])
        return finished(held_out, self.kind, weights, bias, _positive(found.mean))

    def check_experts(self, n_experts: int) -> None:
        if self.expected is not None and len(self.expected) != n_experts:
            expected = counted(n_experts, "weight")
            raise ValueError(f"expected: {expected} are needed, found {len(self.expected)}")

    def of_experts(self, kept: Sequence[int]) -> Penalized:
        if self.expected is None:
            return self
        return self.model_copy(update={"expected": tuple(self.expected[n] for n in kept)})

    def _expected(self, n_experts: int) -> Floats:
        """``(E,)``, their sum 1."""
        self.check_experts(n_experts)
        given: Floats = np.array(self.expected or (1.0,) * n_experts)
        return np.asarray(given / given.sum(), np.float64)

    def _prior(self, panel: PanelPrior, open_to: NDArray[np.bool_], k: int) -> Prior:
        mean = np.concatenate([among(panel.mean, open_to), np.zeros(k)])
        spread = np.repeat([panel.spread, self.shift], [len(open_to), k])
        return Prior(mean, spread**-2)

    def _refitted(self, held_out: OutOfFold, task: int, fit: _Fit, panel: PanelPrior) -> _Fit:
        """Weights of a task by what the panel's are now."""
        heard = held_out.heard[task]
        problem = Problem.of(held_out.of_task(task), heard, fit.noise)
        prior = self._prior(panel, heard, int(held_out.counts[task]))
        near = solve(problem, prior, fit.near.at, heard, tolerance=1e-3)
        return _Fit(near, noise_of(problem.task, problem.combined(near.at)))

    def _closed(
        self, held_out: OutOfFold, task: int, fit: _Fit, panel: PanelPrior
    ) -> tuple[Floats, Floats]:
        """Weights and bias of a task with the experts that are worth it alone."""
        open_to = held_out.heard[task]
        problem = Problem.of(held_out.of_task(task), open_to, fit.noise)
        k = int(held_out.counts[task])
        prior = self._prior(panel, open_to, k)
        near = solve(problem, prior, fit.near.at, open_to, tolerance=1e-3)
        open_to = worth_hearing(near, prior, open_to, self.tolerance)
        while True:
            near = solve(problem, self._prior(panel, open_to, k), near.at, open_to)
            weights = near.at[: len(open_to)]
            kept = open_to & (weights > self.threshold * weights.sum())
            if (kept == open_to).all() or not kept.any():
                break
            open_to = kept
        return _opened(problem, near.at, open_to, self.threshold)


@dataclass(frozen=True, eq=False)
class _Fit:
    """Weights of a task so far, the loss near them, and the noise of its values."""

    near: Expansion
    noise: float

    @staticmethod
    def start(held_out: OutOfFold, task: int) -> _Fit:
        even = uniform(held_out)[task]
        cells = held_out.of_task(task)
        numbers = np.concatenate([even, np.zeros(held_out.counts[task])])
        nothing = np.zeros((len(numbers), len(numbers)))
        near = Expansion(numbers, 0.0, nothing[0], nothing)
        return _Fit(near, noise_of(cells, combined(cells, even)))

    def of_weights(self, n_experts: int, shift: float) -> tuple[Floats, Floats]:
        """``(E,)`` b and ``(E, E)`` A of the loss ``w A w / 2 - b w``, all shifts averaged over."""
        linear, curvature = self.near.linear, self.near.curvature
        w, b = slice(None, n_experts), slice(n_experts, None)
        k = len(linear) - n_experts
        through = np.linalg.solve(curvature[b, b] + np.eye(k) / shift**2, curvature[b]).T
        # Without rounding it is symmetric.
        left = curvature[w, w] - through[w] @ curvature[b, w]
        right = linear[w] - through[w] @ linear[b]
        return right, (left + left.T) / 2


def _opened(
    problem: Problem, numbers: Floats, open_to: NDArray[np.bool_], least: float
) -> tuple[Floats, Floats]:
    """Weights and bias; where no expert helps, the one that harms least has the least weight."""
    weights = numbers[: problem.n_experts]
    if not (weights > 0).any():
        slope = problem.expand(numbers).slope[: problem.n_experts]
        chosen = int(np.argmin(np.where(open_to, slope, np.inf)))
        numbers = numbers.copy()
        numbers[chosen] = max(least, 1e-3)
    return numbers[: problem.n_experts], problem.bias(numbers)


def _positive(mean: Floats) -> Floats:
    return mean if mean.any() else np.full(len(mean), 1 / len(mean))
