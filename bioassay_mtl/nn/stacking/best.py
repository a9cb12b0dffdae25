"""One expert an assay."""

from __future__ import annotations

from typing import Literal

import numpy as np

from bioassay_mtl.nn.stacking.base import (
    StackingMethod,
    combined,
    finished,
    noise_of,
    stackings,
    uniform,
)
from bioassay_mtl.nn.stacking.out_of_fold import Floats, OutOfFold
from bioassay_mtl.nn.stacking.result import Stacking


@stackings.register("best")
class Best(StackingMethod):
    """Each assay listens to the expert of the least loss alone; no bias.

    An assay without a cell takes the expert that is best over the others: of the least mean loss
    beyond each assay's best.
    """

    kind: Literal["best"] = "best"

    def fit(self, held_out: OutOfFold, seed: int = 0) -> Stacking:
        losses = expert_losses(held_out)
        seen = np.isfinite(losses).any(axis=1)
        behind = losses[seen] - losses[seen].min(axis=1, keepdims=True)
        # An expert that was not heard is no worse than the worst: it was not judged.
        behind = np.where(
            np.isfinite(behind), behind, np.max(behind, initial=0, where=behind < np.inf)
        )
        losses[~seen] = np.where(held_out.heard[~seen], behind.sum(axis=0), np.inf)
        weights = np.zeros(losses.shape)
        weights[np.arange(len(losses)), losses.argmin(axis=1)] = 1
        return finished(held_out, self.kind, weights)


def expert_losses(held_out: OutOfFold) -> Floats:
    """``(T, E)`` mean losses a cell, infinite where an expert was not heard or there is no cell."""
    found = np.full((held_out.n_tasks, held_out.n_experts), np.inf)
    even = uniform(held_out)
    for t in range(held_out.n_tasks):
        task = held_out.of_task(t)
        if task.weight.sum() > 0:
            noise = noise_of(task, combined(task, even[t]))
            for e in np.flatnonzero(held_out.heard[t]):
                found[t, e] = task.mean_loss(task.outputs[:, e], noise)
    return found
