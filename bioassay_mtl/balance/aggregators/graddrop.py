"""Gradient sign dropout (Chen et al., NeurIPS 2020, arXiv 2010.06808)."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field

from bioassay_mtl.balance.balancer import Balancer, Update, balancers
from bioassay_mtl.balance.objective import Batch
from bioassay_mtl.balance.shared_gradients import shared_gradients
from bioassay_mtl.config import Config
from bioassay_mtl.nn.draws import generator


class GradDropConfig(Config):
    """Settings of :class:`GradDrop`.

    Parameters
    ----------
    leak
        Share of every gradient that passes whatever its sign: 1 is the plain sum.
    """

    kind: Literal["graddrop"] = "graddrop"
    leak: Annotated[float, Field(ge=0, le=1)] = 0.0


@balancers.register("graddrop")
class GradDrop(Balancer):
    """Each coordinate of the shared representation keeps gradients of one sign, drawn at random.

    The positive sign is drawn with the share of positive parts in all: lines 10 to 15 of the
    paper's Algorithm 1. The sums of positive and of negative parts have a closed form where the
    tower votes, so that no task's own gradient is formed (and TorchJD, which needs them, is not
    asked).
    """

    config_class = GradDropConfig

    def forward(self, batch: Batch) -> Update:
        gradients = shared_gradients(batch)
        positive, negative = gradients.parts()
        purity = 0.5 * (1 + (positive - negative) / (positive + negative))
        at = purity.device
        draw = torch.rand(purity.shape, dtype=purity.dtype, device=at, generator=generator(at))
        kept = positive * (purity > draw) - negative * (purity < draw)
        leak = self.config.leak
        shared = leak * (positive - negative) + (1 - leak) * kept
        return Update(gradients.update(shared), gradients.losses.detach())
