"""A loss of cells: the squared error of a probability."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from bioassay_mtl.balance.losses import CellLoss


class Brier(CellLoss):
    """``w (p - y)^2`` with ``p = sigmoid(logit)``; w is the positive weight of an active's cell."""

    kind: Literal["brier"] = "brier"

    def cells(self, logits: Tensor, targets: Tensor, positive_weight: Tensor | None) -> Tensor:
        """``(B, T)`` losses."""
        losses = (torch.sigmoid(logits) - targets).square()
        if positive_weight is None:
            return losses
        return losses * (1 + (positive_weight - 1) * targets)
