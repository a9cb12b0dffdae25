"""Experts: groups of one kind each. A new kind is a new file here."""

from bioassay_mtl.nn.experts import dmpnn, gatedgcn, gine, mlp, trees
from bioassay_mtl.nn.experts.base import (
    AnyGroup,
    GroupConfig,
    activations,
    expert_kinds,
    group_config,
)
from bioassay_mtl.nn.experts.mlp import ExpertGroup, ExpertGroupConfig
from bioassay_mtl.nn.experts.stacked import StackedLinear
from bioassay_mtl.nn.experts.trees import TreeGroupConfig, tree_network

__all__ = [
    "AnyGroup",
    "ExpertGroup",
    "ExpertGroupConfig",
    "GroupConfig",
    "StackedLinear",
    "TreeGroupConfig",
    "activations",
    "dmpnn",
    "expert_kinds",
    "gatedgcn",
    "gine",
    "group_config",
    "mlp",
    "tree_network",
    "trees",
]
