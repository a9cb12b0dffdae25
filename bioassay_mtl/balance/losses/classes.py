"""Losses of classes: without an order, and in order."""

from __future__ import annotations

import torch
from torch import Tensor

from bioassay_mtl.balance.losses.base import surprises
from bioassay_mtl.balance.losses.kind_losses import kind_losses
from bioassay_mtl.balance.losses.value_loss import ValueLoss


@kind_losses.register("multiclass")
def cross_entropy(
    outputs: Tensor,
    targets: Tensor,
    bounds: Tensor | None,
    weights: Tensor | None,
    settings: ValueLoss,
) -> Tensor:
    """``-w_y log softmax(outputs)_y``."""
    classes = targets.long()
    cells = -torch.log_softmax(outputs, dim=-1).gather(-1, classes[..., None])[..., 0]
    return cells * _of_classes(weights, classes)


@kind_losses.register("ordinal")
def continuation_ratios(
    outputs: Tensor,
    targets: Tensor,
    bounds: Tensor | None,
    weights: Tensor | None,
    settings: ValueLoss,
) -> Tensor:
    """``-w_y log P(y)``: a cross-entropy for each class that was reached, of going beyond it.

    See :class:`bioassay_mtl.nn.heads.ordinal.OrdinalHead`.
    """
    classes = targets.long()
    steps = torch.arange(outputs.shape[-1], device=outputs.device)
    if_beyond, if_not = surprises(outputs)
    beyond, stays = classes[..., None] > steps, classes[..., None] == steps
    cells = (if_beyond * beyond + if_not * stays).sum(dim=-1)
    return cells * _of_classes(weights, classes)


def _of_classes(weights: Tensor | None, classes: Tensor) -> Tensor | float:
    """``(B, n)`` weights of cells, from those of n tasks' classes ``(n, K)``."""
    if weights is None:
        return 1.0
    return weights[torch.arange(len(weights), device=classes.device), classes]
