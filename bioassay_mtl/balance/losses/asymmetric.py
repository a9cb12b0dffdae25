"""Asymmetric loss: inactives are focused on harder than actives, and easy ones dropped."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from bioassay_mtl.balance.losses.base import CellLoss, cell_losses, surprises


@cell_losses.register("asymmetric")
class Asymmetric(CellLoss):
    """``-w y (1 - p)^g+ log p - (1 - y) q^g- log(1 - q)`` with ``q = max(p - m, 0)``.

    Ridnik et al., ICCV 2021 (arXiv 2009.14119), with the defaults of its experiments. The gradient
    is that of the formula: the focus is differentiated along with the rest. Its probabilities are
    no frequencies: rank by them.

    Parameters
    ----------
    gamma_positive, gamma_negative
        g+ and g-, the focus on actives and on inactives; 0 and 0 without margin is cross-entropy.
    margin
        m: an inactive whose probability is at most m has no loss and no gradient.

    Notes
    -----
    The weight w of actives, of each task its own, multiplies their part.
    """

    kind: Literal["asymmetric"] = "asymmetric"
    gamma_positive: Annotated[float, Field(ge=0)] = 0.0
    gamma_negative: Annotated[float, Field(ge=0)] = 4.0
    margin: Annotated[float, Field(ge=0, lt=1)] = 0.05

    def cells(self, logits: Tensor, targets: Tensor, positive_weight: Tensor | None) -> Tensor:
        if_active, if_inactive = surprises(logits)
        active = targets * torch.exp(-self.gamma_positive * if_inactive) * if_active
        if positive_weight is not None:
            active = active * positive_weight
        if self.margin:
            inactive = self._shifted(logits)
        else:
            inactive = torch.exp(-self.gamma_negative * if_active) * if_inactive
        return active + (1 - targets) * inactive

    def _shifted(self, logits: Tensor) -> Tensor:
        """``-q^g- log(1 - q)``, exactly 0 where q is."""
        shifted = torch.sigmoid(logits) - self.margin
        easy = shifted <= 0
        # 1 in the place of 0: the power of 0 may have an infinite slope, which 0 would make NaN.
        focus = torch.where(easy, 1.0, shifted) ** self.gamma_negative
        # 1 - q as a sum of two positive numbers: it never comes out as 0.
        loss = focus * -torch.log(torch.sigmoid(-logits) + self.margin)
        return torch.where(easy, 0.0, loss)
