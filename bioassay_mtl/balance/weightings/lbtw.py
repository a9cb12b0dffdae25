"""Loss-balanced task weighting (Liu et al., AAAI 2019, doi 10.1609/aaai.v33i01.33019977)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.balance.weightings.base import LossWeighting
from bioassay_mtl.config import Config


class LBTWConfig(Config):
    """Settings of :class:`LBTW`.

    Parameters
    ----------
    alpha
        Strength: 0 is the plain sum. The paper tries 0.1 and 0.5.
    """

    kind: Literal["lbtw"] = "lbtw"
    alpha: Annotated[float, Field(ge=0)] = 0.5


@balancers.register("lbtw")
class LBTW(LossWeighting):
    """``lambda_t = (L_t / L_t0)^alpha`` with ``L_t0`` of the epoch's first batch that measures t.

    Tasks that have learned much in the epoch weigh less.
    """

    config_class = LBTWConfig
    first: Tensor

    def __init__(self, config: Any, tasks: Sequence[str]) -> None:
        super().__init__(config, tasks)
        self.register_buffer("first", torch.full((self.n_tasks,), torch.nan))

    def start_epoch(self, epoch: int) -> None:
        self.first.fill_(torch.nan)

    def weights(self, losses: Tensor, present: Tensor) -> Tensor:
        self.first.copy_(torch.where(present & self.first.isnan(), losses, self.first))
        # A loss of 0 at first is one of a task that is learned: it has no gradient to weigh.
        ratio = torch.where(present & (self.first > 0), losses / self.first, 1.0)
        return ratio.pow(self.config.alpha)
