"""The plain sum of task losses: unitary scalarization (arXiv 2201.04122)."""

from __future__ import annotations

from typing import Literal

from bioassay_mtl.balance.balancer import Balancer, Update, balancers
from bioassay_mtl.balance.objective import Batch
from bioassay_mtl.config import Config


class PlainSumConfig(Config):
    """No settings: how cells become the loss of a task is the training's ``reduction``."""

    kind: Literal["sum"] = "sum"


@balancers.register("sum")
class PlainSum(Balancer):
    """``sum_t L_t``: with ordinary regularization a match for every special optimizer so far."""

    config_class = PlainSumConfig

    def forward(self, batch: Batch) -> Update:
        losses = batch.task_losses()
        return Update(losses.sum(), losses.detach())
