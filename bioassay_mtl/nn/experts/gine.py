"""Graph isomorphism networks with features of bonds, and a virtual node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from bioassay_mtl.chem.representation import GraphSize
from bioassay_mtl.nn.dropout import ByteDropout
from bioassay_mtl.nn.experts.base import activations, expert_kinds
from bioassay_mtl.nn.experts.embedding import CodeEmbedding
from bioassay_mtl.nn.experts.graph import GraphExperts, GraphGroupConfig
from bioassay_mtl.nn.experts.stacked import StackedLinear
from bioassay_mtl.nn.experts.virtual_node import VirtualNodes
from bioassay_mtl.nn.graphs import Codes, GraphInput, Incidence
from bioassay_mtl.nn.graphs.steps import AtomStep, message_steps


@expert_kinds.register("gine")
class GINEConfig(GraphGroupConfig):
    """GIN with features of bonds; see :class:`GraphGroupConfig`.

    Parameters
    ----------
    virtual_node
        Join all atoms of a molecule to a node of the whole.
    """

    kind: Literal["gine"] = "gine"
    virtual_node: bool = True

    def build(self, sizes: Mapping[str, Any]) -> GINEExperts:
        """A module from inputs to ``(B, E, H)``."""
        return GINEExperts(self, self.size(sizes))


class GINELayer(nn.Module):
    """``x_v <- x_v + MLP((1 + eps) x_v + sum_(u -> v) relu(x_u + e_uv))``.

    Xu et al. (https://arxiv.org/abs/1810.00826), Hu et al. (https://arxiv.org/abs/1905.12265); the
    MLP of the latter is `torch_geometric.nn.GINEConv`'s ``nn``.
    """

    def __init__(self, config: GINEConfig, size: GraphSize, n_experts: int) -> None:
        super().__init__()
        self.edges = CodeEmbedding(n_experts, size.bond_widths, 0, config.hidden)
        self.epsilon = nn.Parameter(torch.zeros(n_experts, 1))
        self.first = StackedLinear(n_experts, config.hidden, 2 * config.hidden)
        self.norm = config.norm_of(n_experts, 2 * config.hidden)
        self.second = StackedLinear(n_experts, 2 * config.hidden, config.hidden)
        self.activation = activations[config.activation]
        self.dropout = ByteDropout(config.dropout)

    def forward(self, atoms: Tensor, edges: Codes, step: AtomStep) -> Tensor:
        """``(K', E or 1, H) -> (K, E, H)``."""
        messages = torch.relu(step.source @ atoms + step.own_edge @ self.edges(edges))
        atoms = step.own @ atoms
        hidden = (1 + self.epsilon) * atoms + step.incoming @ messages
        hidden = self.second(self.activation(self.norm(self.first(hidden))))
        atoms = atoms + self.dropout(hidden)
        return atoms


class GINEExperts(GraphExperts):
    """Experts of :class:`GINELayer`."""

    def __init__(self, config: GINEConfig, size: GraphSize) -> None:
        super().__init__(config, size)
        stacks = config.stacks()
        self.layers = nn.ModuleList(GINELayer(config, size, n) for n in stacks)
        self.virtual = VirtualNodes(config, stacks) if config.virtual_node else None

    def environments(self, graph: GraphInput) -> tuple[Tensor, Incidence]:
        virtual = self.virtual
        wholes, steps, which = graph.once(message_steps, self.config.depth, virtual is not None)
        atoms: Tensor = self.embedding(graph.atoms)
        node = None if virtual is None else virtual.start
        for number, (layer, whole, step) in enumerate(zip(self.layers, wholes, steps, strict=True)):
            if virtual is not None and node is not None:
                if whole is None:
                    atoms = atoms + node
                else:
                    node = virtual.layers[number - 1](node, atoms, whole)
                    atoms = whole.own @ atoms + whole.owner @ node
            atoms = layer(atoms, graph.edges, step)
        return atoms, which
