"""Weights by learned uncertainty (Kendall, Gal and Cipolla, CVPR 2018, arXiv 1705.07115)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from bioassay_mtl.balance.balancer import Balancer, Update, balancers
from bioassay_mtl.balance.objective import Batch
from bioassay_mtl.balance.ranks import on_any_rank
from bioassay_mtl.config import Config


class UncertaintyConfig(Config):
    """No settings: the log-variances learn at the rate of the network."""

    kind: Literal["uncertainty"] = "uncertainty"


@balancers.register("uncertainty")
class Uncertainty(Balancer):
    """``sum_t exp(-s_t) L_t + s_t / 2`` over the tasks present, with learned log-variances s.

    For a loss that stays at ``L_t`` the optimum is ``exp(-s_t) = 1 / (2 L_t)``.
    """

    config_class = UncertaintyConfig
    settled: Tensor
    """``(T,)`` log-variances before the last step."""
    trained: Tensor
    """``(T,) bool``: tasks that were present in it."""

    def __init__(self, config: Any, tasks: Sequence[str]) -> None:
        super().__init__(config, tasks)
        self.log_variance = nn.Parameter(torch.zeros(self.n_tasks))
        self.register_buffer("settled", torch.zeros(self.n_tasks))
        self.register_buffer("trained", torch.zeros(self.n_tasks, dtype=torch.bool))

    def forward(self, batch: Batch) -> Update:
        losses, present = batch.task_losses(), on_any_rank(batch.present)
        self._undo_drift(present)
        s = self.log_variance
        weighed = torch.exp(-s) * losses + s / 2
        return Update((weighed * present).sum(), losses.detach())

    @torch.no_grad()
    def _undo_drift(self, present: Tensor) -> None:
        """Put back what the optimizer's momentum alone moved in the last step."""
        self.log_variance.copy_(torch.where(self.trained, self.log_variance, self.settled))
        self.settled.copy_(self.log_variance)
        self.trained.copy_(present)
