"""Gates fitted to out-of-fold outputs of finished experts. A new method is a new file here."""

from bioassay_mtl.nn.stacking import best, greedy, mean, penalized
from bioassay_mtl.nn.stacking.base import (
    StackingMethod,
    fit_stacking,
    stacking_config,
    stackings,
)
from bioassay_mtl.nn.stacking.losses import BOUND_NOISE
from bioassay_mtl.nn.stacking.out_of_fold import OutOfFold
from bioassay_mtl.nn.stacking.result import Stacking

__all__ = [
    "BOUND_NOISE",
    "OutOfFold",
    "Stacking",
    "StackingMethod",
    "best",
    "fit_stacking",
    "greedy",
    "mean",
    "penalized",
    "stacking_config",
    "stackings",
]
