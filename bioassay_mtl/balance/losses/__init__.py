"""Losses of single cells, masked and summed per task. A new kind is a new file here."""

from bioassay_mtl.balance.losses import asymmetric, bce, focal
from bioassay_mtl.balance.losses.base import (
    CellLoss,
    TaskLosses,
    cell_losses,
    loss_config,
    surprises,
)
from bioassay_mtl.balance.losses.bce import BCE, masked_bce
from bioassay_mtl.balance.losses.positive_weights import PositiveWeight, positive_weights

__all__ = [
    "BCE",
    "CellLoss",
    "PositiveWeight",
    "TaskLosses",
    "asymmetric",
    "bce",
    "cell_losses",
    "focal",
    "loss_config",
    "masked_bce",
    "positive_weights",
    "surprises",
]
