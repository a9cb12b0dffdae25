"""Dynamic weight average (Liu, Johns and Davison, CVPR 2019, arXiv 1803.10704)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.balance.weightings.base import LossWeighting
from bioassay_mtl.config import Config


class DWAConfig(Config):
    """Settings of :class:`DWA`.

    Parameters
    ----------
    temperature
        Above the paper's 2, weights are nearer to each other.
    """

    kind: Literal["dwa"] = "dwa"
    temperature: Annotated[float, Field(gt=0)] = 2.0


@balancers.register("dwa")
class DWA(LossWeighting):
    """``lambda = T softmax(r / temperature)``, with ``r_t = L_t(k-1) / L_t(k-2)`` in epoch k.

    ``L_t(k)`` is the mean over the batches of epoch k that measure task t. A task counts the epochs
    that measure it: in the first two of them r is 1, and in an epoch that does not it keeps its r.
    """

    config_class = DWAConfig
    total: Tensor
    """``(T,)`` sum of the losses of this epoch."""
    n_batches: Tensor
    """``(T,)`` how many those are."""
    means: Tensor
    """``(2, T)``: of the last epoch but one, and of the last; NaN where there was none."""

    def __init__(self, config: Any, tasks: Sequence[str]) -> None:
        super().__init__(config, tasks)
        self.register_buffer("total", torch.zeros(self.n_tasks))
        self.register_buffer("n_batches", torch.zeros(self.n_tasks))
        self.register_buffer("means", torch.full((2, self.n_tasks), torch.nan))

    def start_epoch(self, epoch: int) -> None:
        rolled = torch.stack([self.means[1], self.total / self.n_batches])
        self.means.copy_(torch.where(self.n_batches > 0, rolled, self.means))
        self.total.zero_()
        self.n_batches.zero_()

    def weights(self, losses: Tensor, present: Tensor) -> Tensor:
        self.total.add_(losses * present)
        self.n_batches.add_(present)
        before, last = self.means
        ratio = torch.where(before > 0, last / before, 1.0)
        return self.n_tasks * torch.softmax(ratio / self.config.temperature, dim=0)
