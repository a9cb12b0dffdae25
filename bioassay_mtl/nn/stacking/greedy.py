"""Forward selection of experts, with replacement, on bags of cells."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bioassay_mtl.nn.stacking.base import (
    StackingMethod,
    combined,
    finished,
    noise_of,
    stackings,
    uniform,
)
from bioassay_mtl.nn.stacking.losses import stack_losses
from bioassay_mtl.nn.stacking.out_of_fold import Floats, OutOfFold, TaskOutputs
from bioassay_mtl.nn.stacking.result import Stacking


@stackings.register("greedy")
class Greedy(StackingMethod):
    """Ensemble selection: add the expert that helps the mean most, again and again.

    A weight is how often an expert was chosen, by all choices up to the best mean, averaged over
    bags; weights sum to 1, and there is no bias. An assay without a cell takes the mean of the
    others.

    Parameters
    ----------
    by
        ``loss``, or ``average_precision`` of outcomes (other kinds by loss).
    bags
        Draws of as many cells, with replacement.
    steps
        Choices in each bag.
    most
        Cells of an assay that are looked at, at most, drawn at random.
    threshold
        Weights below it are closed.

    References
    ----------
    Caruana, Niculescu-Mizil, Crew and Ksikes, ICML 2004, Ensemble selection from libraries of
    models.
    """

    kind: Literal["greedy"] = "greedy"
    by: Literal["loss", "average_precision"] = "loss"
    bags: Annotated[int, Field(ge=1)] = 10
    steps: Annotated[int, Field(ge=1)] = 15
    most: Annotated[int, Field(ge=1)] = 10_000
    threshold: Annotated[float, Field(ge=0, lt=1)] = 0.02

    def fit(self, held_out: OutOfFold, seed: int = 0) -> Stacking:
        rng = np.random.default_rng(seed)
        weights = uniform(held_out)
        seen = np.zeros(held_out.n_tasks, bool)
        for t in range(held_out.n_tasks):
            task = held_out.of_task(t)
            seen[t] = task.weight.sum() > 0
            if seen[t]:
                weights[t] = self._selected(task, held_out.heard[t], rng)
        if seen.any():
            weights[~seen] = np.where(held_out.heard[~seen], weights[seen].mean(axis=0), 0)
        weights = np.where(weights < self.threshold, 0, weights)
        total = weights.sum(axis=1, keepdims=True)
        weights = np.where(total > 0, weights / np.where(total > 0, total, 1), uniform(held_out))
        return finished(held_out, self.kind, weights)

    def _selected(
        self, task: TaskOutputs, heard: NDArray[np.bool_], rng: np.random.Generator
    ) -> Floats:
        """``(E,)``: shares of the choices, mean of the bags."""
        noise = noise_of(task, combined(task, heard / heard.sum()))
        # Inactives first: in the ranking of equals they come before actives.
        chosen = rng.permutation(len(task.labels))[: self.most]
        task = task.take(chosen[np.argsort(task.labels[chosen], kind="stable")])
        drawn = rng.multinomial(len(chosen), np.full(len(chosen), 1 / len(chosen)), self.bags)
        bags = drawn * task.weight
        outputs = task.outputs[:, heard].swapaxes(0, 1)
        total = np.zeros((self.bags, *outputs.shape[1:]))
        counts = np.zeros((self.bags, len(outputs)))
        shares, least = counts + 1 / len(outputs), np.full(self.bags, np.inf)
        for step in range(1, self.steps + 1):
            costs = self._costs(task, (total[:, None] + outputs) / step, bags, noise)
            pick = costs.argmin(axis=1)
            counts[np.arange(self.bags), pick] += 1
            total += outputs[pick]
            better = costs.min(axis=1) < least
            least[better] = costs.min(axis=1)[better]
            shares[better] = counts[better] / step
        found = np.zeros(len(heard))
        found[heard] = shares.mean(axis=0)
        return found

    def _costs(self, task: TaskOutputs, means: Floats, bags: Floats, noise: float) -> Floats:
        """``(bags, E)`` of combined outputs ``(bags, E, m, k)``."""
        if self.by == "average_precision" and task.kind == "binary":
            return -average_precision(means[..., 0], task.labels, bags)
        n = means.shape[0] * means.shape[1]
        labels = np.tile(task.labels, n)
        bounds = None if task.bounds is None else np.tile(task.bounds, n)
        flat = means.reshape(-1, means.shape[-1])
        losses = stack_losses[task.kind](flat, labels, bounds, noise, task.bound_noise).value
        found: Floats = np.einsum("bem,bm->be", losses.reshape(means.shape[:3]), bags)
        return found


def average_precision(scores: Floats, labels: Floats, bags: Floats) -> Floats:
    """``(bags, E)`` from scores ``(bags, E, m)``, labels ``(m,)`` and weights ``(bags, m)``.

    The earlier of two cells of equal scores ranks first. Without an active it is 0.
    """
    order = np.argsort(-scores, axis=2, kind="stable")
    weight = np.take_along_axis(np.broadcast_to(bags[:, None], scores.shape), order, axis=2)
    actives = weight * labels[order]
    listed = np.cumsum(weight, axis=2)
    precision = np.cumsum(actives, axis=2) / np.where(listed > 0, listed, 1)
    total = actives.sum(axis=2)
    found: Floats = (precision * actives).sum(axis=2) / np.where(total > 0, total, 1)
    return found
