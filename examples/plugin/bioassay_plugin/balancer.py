"""A balancer: the sum of the square roots of the losses, so that no task is far ahead."""

from __future__ import annotations

from typing import Literal

from bioassay_mtl.balance import Balancer, Batch, Update
from bioassay_mtl.config import Config


class RootConfig(Config):
    """Settings of :class:`Root`; ``smallest`` keeps the gradient of a small loss finite."""

    kind: Literal["root"] = "root"
    smallest: float = 1e-6


class Root(Balancer):
    """``sum_t sqrt(L_t + smallest)``."""

    config_class = RootConfig

    def forward(self, batch: Batch) -> Update:
        """The update of one batch."""
        losses = batch.task_losses()
        return Update((losses + self.config.smallest).sqrt().sum(), losses.detach())
