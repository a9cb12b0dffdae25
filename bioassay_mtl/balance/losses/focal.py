"""Focal loss: cells that are predicted well already count for little."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from bioassay_mtl.balance.losses.base import CellLoss, cell_losses, surprises


@cell_losses.register("focal")
class Focal(CellLoss):
    """``-w a y (1 - p)^g log p - (1 - a) (1 - y) p^g log(1 - p)``.

    Lin et al., ICCV 2017 (arXiv 1708.02002), equations 4 and 5. Its probabilities are drawn towards
    one half: rank by them, but do not take them at their word.

    Parameters
    ----------
    gamma
        g, the focus; 0 is cross-entropy.
    alpha
        a, the share of actives in the weight, one for all tasks; None for a factor of 1 on both
        sides. The weight w of actives, of each task its own, multiplies it: give one of the two.
    """

    kind: Literal["focal"] = "focal"
    gamma: Annotated[float, Field(ge=0)] = 2.0
    alpha: Annotated[float, Field(gt=0, lt=1)] | None = None

    def cells(self, logits: Tensor, targets: Tensor, positive_weight: Tensor | None) -> Tensor:
        if_active, if_inactive = surprises(logits)
        # Powers of probabilities as exponentials of their logarithms: smooth down to 0.
        active = targets * torch.exp(-self.gamma * if_inactive) * if_active
        inactive = (1 - targets) * torch.exp(-self.gamma * if_active) * if_inactive
        if positive_weight is not None:
            active = active * positive_weight
        if self.alpha is None:
            return active + inactive
        return self.alpha * active + (1 - self.alpha) * inactive
