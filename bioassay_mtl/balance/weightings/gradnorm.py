"""GradNorm (Chen, Badrinarayanan, Lee and Rabinovich, ICML 2018, arXiv 1711.02257)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from bioassay_mtl.balance.balancer import Balancer, Update, balancers
from bioassay_mtl.balance.objective import Batch
from bioassay_mtl.balance.ranks import mean_of_ranks, on_any_rank
from bioassay_mtl.balance.shared_gradients import shared_gradients
from bioassay_mtl.config import Config

SMALLEST_WEIGHT = 1e-3


class GradNormConfig(Config):
    """Settings of :class:`GradNorm`.

    Parameters
    ----------
    alpha
        Strength of the pull towards equal training rates; 0 makes all gradients equally large.
    learning_rate
        Learning rate of the weights.
    """

    kind: Literal["gradnorm"] = "gradnorm"
    alpha: Annotated[float, Field(ge=0)] = 1.5
    learning_rate: Annotated[float, Field(gt=0)] = 0.025


@balancers.register("gradnorm")
class GradNorm(Balancer):
    """Learns ``lambda`` so that tasks train at similar rates.

    Each batch descends ``sum_t | lambda_t n_t - mean(lambda n) r_t^alpha |`` by one step of
    ``lambda``, where ``n_t`` is the norm of task t's gradient at the shared representation and
    ``r_t = (L_t / L_t0) / mean`` its relative inverse training rate, ``L_t0`` the loss of the first
    batch that measures t. Means are over the tasks present; norms are taken relative to their mean,
    so that the learning rate does not depend on the scale of the losses. Weights of the tasks
    present are then rescaled to their former sum: all T sum to T.
    """

    config_class = GradNormConfig
    weight: Tensor
    first: Tensor

    def __init__(self, config: Any, tasks: Sequence[str]) -> None:
        super().__init__(config, tasks)
        self.register_buffer("weight", torch.ones(self.n_tasks))
        self.register_buffer("first", torch.full((self.n_tasks,), torch.nan))

    def forward(self, batch: Batch) -> Update:
        gradients = shared_gradients(batch)
        losses = gradients.losses.detach()
        weights = self.weight.clone()
        norms = mean_of_ranks(gradients.norms().square()).sqrt()
        self.learn(norms, mean_of_ranks(losses), on_any_rank(batch.present))
        return Update(gradients.update(gradients.combine(weights), weights), losses)

    @torch.no_grad()
    def learn(self, norms: Tensor, losses: Tensor, present: Tensor) -> None:
        """One step of the weights, by the ``(T,)`` norms and losses of a batch."""
        self.first.copy_(torch.where(present & self.first.isnan(), losses, self.first))
        # Without a gradient, or learned from the start, a task has nothing to be weighed by.
        present = present & (norms > 0) & (self.first > 0)
        n = present.sum().clamp_min(1)

        def relative(values: Tensor) -> Tensor:
            values = torch.where(present, values, 0.0)
            return values / (values.sum() / n).clamp_min(torch.finfo(values.dtype).tiny)

        rate = relative(losses / self.first)
        target = rate**self.config.alpha
        slope = relative(norms) * torch.sign(relative(self.weight * norms) - target)
        moved = (self.weight - self.config.learning_rate * slope).clamp_min(SMALLEST_WEIGHT)
        moved = torch.where(present, moved, 0.0)
        kept = torch.where(present, self.weight, 0.0).sum()
        self.weight.copy_(torch.where(present, moved * (kept / moved.sum()), self.weight))
