"""Balancing: one update from the losses of all tasks."""

from bioassay_mtl.balance import aggregators, plain_sum, two_step, weightings
from bioassay_mtl.balance.balancer import (
    Balancer,
    Update,
    balance_config,
    balancers,
    build_balancer,
)
from bioassay_mtl.balance.losses import TaskLosses, loss_config, masked_bce, positive_weights
from bioassay_mtl.balance.objective import Batch, Objective
from bioassay_mtl.balance.reductions import reductions

__all__ = [
    "Balancer",
    "Batch",
    "Objective",
    "TaskLosses",
    "Update",
    "aggregators",
    "balance_config",
    "balancers",
    "build_balancer",
    "loss_config",
    "masked_bce",
    "plain_sum",
    "positive_weights",
    "reductions",
    "two_step",
    "weightings",
]
