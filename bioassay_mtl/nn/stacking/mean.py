"""The plain mean."""

from __future__ import annotations

from typing import Literal

from bioassay_mtl.nn.stacking.base import StackingMethod, finished, stackings, uniform
from bioassay_mtl.nn.stacking.out_of_fold import OutOfFold
from bioassay_mtl.nn.stacking.result import Stacking


@stackings.register("mean")
class Mean(StackingMethod):
    """Each expert that said something about a task has the same weight there; no bias."""

    kind: Literal["mean"] = "mean"

    def fit(self, held_out: OutOfFold, seed: int = 0) -> Stacking:
        return finished(held_out, self.kind, uniform(held_out))
