"""From task losses to one update."""

from bioassay_mtl.balance.losses import TaskLosses, masked_bce, positive_weights
from bioassay_mtl.balance.reductions import reductions

__all__ = ["TaskLosses", "masked_bce", "positive_weights", "reductions"]
