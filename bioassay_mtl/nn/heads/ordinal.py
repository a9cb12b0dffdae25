"""K - 1 logits of K classes in order: of going beyond each class, once it is reached."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from bioassay_mtl.nn.heads.base import Head, heads


@heads.register("ordinal")
class OrdinalHead(Head):
    """``P(y > j | y >= j) = sigmoid(logit_j)``: continuation ratios.

    Any K - 1 numbers give a distribution over the K classes, ``P(y = j) = P(y >= j) (1 - s_j)``,
    so that nothing has to keep thresholds in order, as cumulative logits need.

    References
    ----------
    Fienberg, The Analysis of Cross-Classified Categorical Data (1980), section 6.6; for networks
    Shi, Cao and Raschka, CORN (arXiv 2111.08851).
    """

    @staticmethod
    def n_outputs(kind: Any) -> int:
        return len(kind.classes) - 1

    @staticmethod
    def start(labels: Tensor, kind: Any) -> Tensor:
        steps = range(len(kind.classes) - 1)
        reached = torch.stack([(labels >= j).sum() for j in steps])
        beyond = torch.stack([(labels > j).sum() for j in steps])
        return torch.logit((beyond + 1.0) / (reached + 2.0))

    @staticmethod
    def predict(outputs: Tensor) -> Tensor:
        beyond = torch.sigmoid(outputs)
        reached = _products(torch.cat([torch.ones_like(beyond[..., :1]), beyond], -1))
        stays = torch.cat([torch.sigmoid(-outputs), torch.ones_like(beyond[..., :1])], -1)
        return reached * stays


def _products(shares: Tensor) -> Tensor:
    """Cumulative products along the last axis."""
    if torch.compiler.is_compiling():  # ONNX knows no cumulative product
        return torch.stack([*accumulate(shares.unbind(-1), torch.mul)], -1)
    return torch.cumprod(shares, -1)
