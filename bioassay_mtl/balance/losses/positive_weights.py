"""Weights of actives against inactives, and of rare classes, for every task its own."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

PositiveWeight = Literal["none", "sqrt", "full"]


def positive_weights(n_actives: Tensor, n_inactives: Tensor, kind: PositiveWeight) -> Tensor | None:
    """``(T,)`` weights of actives: none, the ratio inactives : actives, or its square root.

    Tasks without an active or without an inactive get 1.
    """
    if kind == "none":
        return None
    ratio = n_inactives.float() / n_actives.clamp_min(1).float()
    ratio = torch.where((n_actives > 0) & (n_inactives > 0), ratio, 1.0)
    return ratio if kind == "full" else ratio.sqrt()


def class_weights(counts: Tensor, kind: PositiveWeight) -> Tensor | None:
    """``(n, K)`` weights of classes: ratio of the most frequent to each, or its square root.

    Parameters
    ----------
    counts
        ``(n, K)``: measured cells of n tasks by class. A class without any gets 1.
    kind
        See :func:`positive_weights`.
    """
    if kind == "none":
        return None
    ratio = counts.amax(dim=1, keepdim=True) / counts.clamp_min(1).float()
    ratio = torch.where(counts > 0, ratio, 1.0)
    return ratio if kind == "full" else ratio.sqrt()
