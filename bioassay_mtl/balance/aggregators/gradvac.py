"""Gradient vaccine (Wang, Tsvetkov, Firat and Cao, ICLR 2021, arXiv 2010.05874)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from bioassay_mtl.balance.aggregators.base import GramianAggregator
from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.balance.ranks import of_first_rank
from bioassay_mtl.config import Config
from bioassay_mtl.nn.draws import generator

TINY = 1e-8


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
    """Pulls the cosine of each two gradients up to its moving average, in random order.

    The same as TorchJD's, from the same draws, but for all gradients at once, and with an average
    that outlasts batches in which a task is absent.
    """

    config_class = GradVacConfig
    cosines: Tensor
    """``(T, T) float64`` moving average; those of an absent task stay as they are."""

    def __init__(self, config: Any, tasks: Sequence[str]) -> None:
        super().__init__(config, tasks)
        zeros = torch.zeros(self.n_tasks, self.n_tasks, dtype=torch.float64)
        self.register_buffer("cosines", zeros)

    def weigh(self, gramian: Tensor, present: Tensor) -> Tensor:
        at = present.to(self.cosines.device)
        average = self.cosines[at][:, at].cpu()
        n, rows = len(gramian), torch.arange(len(gramian))
        norms = gramian.diagonal().sqrt()
        # Row i: gradient i after its vaccines, as a combination of all; its products with all.
        vaccinated, products = torch.eye(n, dtype=gramian.dtype), gramian.clone()
        draws = torch.stack([torch.randperm(n - 1, generator=generator()) for _ in range(n)])
        for others in (draws + (draws >= rows[:, None])).T:
            norm = (products * vaccinated).sum(dim=1).clamp_min(0).sqrt()
            cosine = products[rows, others] / (norm * norms[others] + TINY)
            goal = average[rows, others]
            sine, goal_sine = ((1 - c.square()).clamp_min(0).sqrt() for c in (cosine, goal))
            dose = norm * (goal * sine - cosine * goal_sine) / (norms[others] * goal_sine + TINY)
            dose = torch.where(cosine < goal, dose, 0.0)
            vaccinated[rows, others] += dose
            products += dose[:, None] * gramian[others]
            average[rows, others] = torch.lerp(goal, cosine, self.config.beta)
        self.cosines[at[:, None], at] = of_first_rank(average.to(self.cosines))
        return vaccinated.sum(dim=0)
