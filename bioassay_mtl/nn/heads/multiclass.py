"""K logits of K classes without an order."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bioassay_mtl.nn.heads.base import Head, heads


@heads.register("multiclass")
class MulticlassHead(Head):
    """``p = softmax(logits)``."""

    @staticmethod
    def n_outputs(kind: Any) -> int:
        return len(kind.classes)

    @staticmethod
    def start(labels: Tensor, kind: Any) -> Tensor:
        counts = torch.stack([(labels == c).sum() for c in range(len(kind.classes))])
        shares = (counts + 1.0) / (counts + 1.0).sum()
        logits: Tensor = shares.log() - shares.log().mean()
        return logits

    @staticmethod
    def predict(outputs: Tensor) -> Tensor:
        return torch.softmax(outputs, dim=-1)
