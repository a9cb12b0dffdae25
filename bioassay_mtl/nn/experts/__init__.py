"""Experts: groups of one kind each. A new kind is a new file here."""

from bioassay_mtl.nn.experts import dmpnn, fitted, gatedgcn, gine, mlp
from bioassay_mtl.nn.experts.base import (
    AnyGroup,
    GroupConfig,
    activations,
    expert_kinds,
    group_config,
)
from bioassay_mtl.nn.experts.fitted import FittedGroupConfig, fitted_network
from bioassay_mtl.nn.experts.mlp import ExpertGroup, ExpertGroupConfig
from bioassay_mtl.nn.experts.stacked import StackedLinear

__all__ = [
    "AnyGroup",
    "ExpertGroup",
    "ExpertGroupConfig",
    "FittedGroupConfig",
    "GroupConfig",
    "StackedLinear",
    "activations",
    "dmpnn",
    "expert_kinds",
    "fitted",
    "fitted_network",
    "gatedgcn",
    "gine",
    "group_config",
    "mlp",
]
