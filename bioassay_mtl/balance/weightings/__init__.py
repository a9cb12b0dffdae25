"""Balancers that weigh the losses of the tasks. A new kind is a new file here."""

from bioassay_mtl.balance.weightings import dwa, fixed, gradnorm, lbtw, random, uncertainty
from bioassay_mtl.balance.weightings.base import LossWeighting

__all__ = ["LossWeighting", "dwa", "fixed", "gradnorm", "lbtw", "random", "uncertainty"]
