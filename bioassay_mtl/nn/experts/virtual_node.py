"""A node of the whole molecule, through which any two atoms hear of each other."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bioassay_mtl.nn.dropout import ByteDropout
from bioassay_mtl.nn.experts.base import activations
from bioassay_mtl.nn.experts.graph import GraphGroupConfig
from bioassay_mtl.nn.experts.pooling import ROOT_OF_ATOMS
from bioassay_mtl.nn.experts.stacked import StackedLinear
from bioassay_mtl.nn.graphs.steps import WholeStep


class VirtualNode(nn.Module):
    """``u <- u + MLP(u + sum_v x_v / 5)`` between two layers; every atom is given u.

    As in the baselines of OGB (https://arxiv.org/abs/2005.00687), with a residual.
    """

    def __init__(self, config: GraphGroupConfig, n_experts: int) -> None:
        super().__init__()
        self.first = StackedLinear(n_experts, config.hidden, 2 * config.hidden)
        self.norm = config.norm_of(n_experts, 2 * config.hidden)
        self.second = StackedLinear(n_experts, 2 * config.hidden, config.hidden)
        self.activation = activations[config.activation]
        self.dropout = ByteDropout(config.dropout)

    def forward(self, node: Tensor, atoms: Tensor, step: WholeStep) -> Tensor:
        """``node (B or 1, E or 1, H), atoms (K', E or 1, H) -> (B, E, H)``."""
        hidden = node + step.molecules @ atoms / ROOT_OF_ATOMS
        hidden = self.second(self.activation(self.norm(self.first(hidden))))
        node = node + self.dropout(hidden)
        return node


class VirtualNodes(nn.Module):
    """The virtual nodes of all layers.

    Parameters
    ----------
    config
        The group.
    stacks
        Number of experts that each layer of the group is of.
    """

    def __init__(self, config: GraphGroupConfig, stacks: list[int]) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.zeros(1, stacks[0], config.hidden))
        # What the first layer gives, the second may be told, and so on.
        self.layers = nn.ModuleList(VirtualNode(config, n) for n in stacks[1:])
