"""Losses of single cells, masked and summed per task. A new kind is a new file here."""

from bioassay_mtl.balance.losses import asymmetric, bce, classes, focal, values
from bioassay_mtl.balance.losses.base import (
    CellLoss,
    TaskLosses,
    cell_losses,
    loss_config,
    surprises,
)
from bioassay_mtl.balance.losses.bce import BCE, masked_bce
from bioassay_mtl.balance.losses.kind_losses import KindLosses, kind_losses
from bioassay_mtl.balance.losses.positive_weights import (
    PositiveWeight,
    class_weights,
    positive_weights,
)
from bioassay_mtl.balance.losses.value_loss import ValueLoss

__all__ = [
    "BCE",
    "CellLoss",
    "KindLosses",
    "PositiveWeight",
    "TaskLosses",
    "ValueLoss",
    "asymmetric",
    "bce",
    "cell_losses",
    "class_weights",
    "classes",
    "focal",
    "kind_losses",
    "loss_config",
    "masked_bce",
    "positive_weights",
    "surprises",
    "values",
]
