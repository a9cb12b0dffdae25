"""Losses of combined outputs, for each task type. A new one is a new file here."""

from bioassay_mtl.nn.stacking.losses import classes, outcomes, values
from bioassay_mtl.nn.stacking.losses.base import BOUND_NOISE, CellLosses, StackLoss, stack_losses

__all__ = [
    "BOUND_NOISE",
    "CellLosses",
    "StackLoss",
    "classes",
    "outcomes",
    "stack_losses",
    "values",
]
