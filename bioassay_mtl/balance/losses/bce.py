"""Binary cross-entropy."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from bioassay_mtl.balance.losses.base import CellLoss, TaskLosses, cell_losses


@cell_losses.register("bce")
class BCE(CellLoss):
    """``-w y log p - (1 - y) log(1 - p)`` with the positive weight w.

    Parameters
    ----------
    smoothing
        Share s of label smoothing: ``y (1 - s) + s / 2`` takes the place of y (Szegedy et al.,
        CVPR 2016, arXiv 1512.00567), before the positive weight is applied.
    """

    kind: Literal["bce"] = "bce"
    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0

    def cells(self, logits: Tensor, targets: Tensor, positive_weight: Tensor | None) -> Tensor:
        if self.smoothing:
            targets = targets * (1 - self.smoothing) + self.smoothing / 2
        return binary_cross_entropy_with_logits(
            logits, targets, reduction="none", pos_weight=positive_weight
        )


def masked_bce(
    logits: Tensor, targets: Tensor, mask: Tensor, positive_weight: Tensor | None = None
) -> TaskLosses:
    """Plain cross-entropy of the measured cells, as :meth:`CellLoss.__call__` describes."""
    return BCE()(logits, targets, mask, positive_weight)
