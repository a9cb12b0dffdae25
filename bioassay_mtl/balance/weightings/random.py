"""Random loss weighting (Lin, Ye, Zhang and Tsang, TMLR 2022, arXiv 2111.10603)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.balance.weightings.base import LossWeighting
from bioassay_mtl.config import Config
from bioassay_mtl.nn.draws import generator


class RandomConfig(Config):
    """No settings."""

    kind: Literal["random"] = "random"


@balancers.register("random")
class Random(LossWeighting):
    """``lambda = n softmax(z)`` over the n tasks present, z normal and drawn anew for each batch.

    The litmus test of balancing. The factor n, which the paper has not, keeps the size of the sum.
    """

    config_class = RandomConfig

    def weights(self, losses: Tensor, present: Tensor) -> Tensor:
        at = losses.device
        draw = torch.randn(losses.shape, dtype=losses.dtype, device=at, generator=generator(at))
        shares = draw.exp() * present
        return present.sum() * shares / shares.sum().clamp_min(torch.finfo(losses.dtype).tiny)
