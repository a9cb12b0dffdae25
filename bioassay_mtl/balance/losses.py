"""Masked losses per task: the contract between a network and every way to balance its tasks."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

PositiveWeight = Literal["none", "sqrt", "full"]


class TaskLosses(NamedTuple):
    """Summed loss and number of measured cells of every task in a batch.

    Attributes
    ----------
    total
        ``(T,)``: sum of the losses of the task's measured cells.
    n_cells
        ``(T,)``: how many those are; a task with none has no loss.
    n_rows
        Number of molecules B in the batch.
    """

    total: Tensor
    n_cells: Tensor
    n_rows: int


def masked_bce(
    logits: Tensor, targets: Tensor, mask: Tensor, positive_weight: Tensor | None = None
) -> TaskLosses:
    """Binary cross-entropy of measured cells; an unmeasured cell has no loss and no gradient.

    Parameters
    ----------
    logits
        ``(B, T)``.
    targets
        ``(B, T)``, 0 to 1; values of unmeasured cells are ignored.
    mask
        ``(B, T) bool``, True where measured.
    positive_weight
        ``(T,)`` weight of the loss of actives, or None.
    """
    # Values of unmeasured cells may be anything, NaN too: 0 times a NaN would leak into gradients.
    known = torch.where(mask, targets, 0.0)
    cells = binary_cross_entropy_with_logits(
        logits, known, reduction="none", pos_weight=positive_weight
    )
    cells = cells * mask
    return TaskLosses(cells.sum(dim=0), mask.sum(dim=0), len(logits))


def positive_weights(n_actives: Tensor, n_inactives: Tensor, kind: PositiveWeight) -> Tensor | None:
    """``(T,)`` weights of actives: none, the ratio inactives : actives, or its square root.

    Tasks without an active or without an inactive get 1.
    """
    if kind == "none":
        return None
    ratio = n_inactives.float() / n_actives.clamp_min(1).float()
    ratio = torch.where((n_actives > 0) & (n_inactives > 0), ratio, 1.0)
    return ratio if kind == "full" else ratio.sqrt()
