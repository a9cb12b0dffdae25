"""One logit: the log-odds of activity."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bioassay_mtl.nn.heads.base import SMOOTHING, Head, heads


def base_logit(n_actives: Tensor, n_inactives: Tensor) -> Tensor:
    """Smoothed log-odds of being active."""
    share = (n_actives + 1) / (n_actives + n_inactives + SMOOTHING)
    return torch.logit(share.clamp(1e-4, 1 - 1e-4))


@heads.register("binary")
class BinaryHead(Head):
    """``p = sigmoid(logit)``."""

    @staticmethod
    def start(labels: Tensor, kind: Any) -> Tensor:
        return base_logit((labels == 1).sum(), (labels == 0).sum())[None]

    @staticmethod
    def predict(outputs: Tensor) -> Tensor:
        return torch.sigmoid(outputs)
