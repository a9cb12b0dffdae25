"""Gradient vaccine (Wang, Tsvetkov, Firat and Cao, ICLR 2021, arXiv 2010.05874)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from bioassay_mtl.balance.aggregators.base import GramianAggregator
from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.config import Config


class GradVacConfig(Config):
    """Settings of :class:`GradVac`.

    Parameters
    ----------
    beta
        Weight of the newest cosine in the moving average.
    """

    kind: Literal["gradvac"] = "gradvac"
    beta: Annotated[float, Field(ge=0, le=1)] = 0.5


@balancers.register("gradvac")
class GradVac(GramianAggregator):
    """Pulls the cosine of each two gradients up to its moving average, in random order."""

    config_class, method = GradVacConfig, "GradVacWeighting"
    cosines: Tensor
    """``(T, T) float64`` moving average; those of an absent task stay as they are."""

    def __init__(self, config: Any, tasks: Sequence[str]) -> None:
        super().__init__(config, tasks)
        zeros = torch.zeros(self.n_tasks, self.n_tasks, dtype=torch.float64)
        self.register_buffer("cosines", zeros)

    def weigh(self, gramian: Tensor, present: Tensor) -> Tensor:
        at = present.to(self.cosines.device)
        # TorchJD's own state is of one fixed set of tasks: it is lent that of those present.
        weighting = self._weighting()
        weighting._phi_t = self.cosines[at][:, at].cpu()
        weighting._state_key = (len(gramian), gramian.dtype)
        weights: Tensor = weighting(gramian)
        self.cosines[at[:, None], at] = weighting._phi_t.to(self.cosines)
        return weights
