"""Gated graph convolutions with vectors of bonds, residuals and feed-forward blocks."""

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
from bioassay_mtl.nn.graphs import GraphInput

_TINY = 1e-6


@expert_kinds.register("gatedgcn")
class GatedGCNConfig(GraphGroupConfig):
    """GatedGCN; see :class:`GraphGroupConfig`.

    Parameters
    ----------
    feed_forward
        A block of two layers for each atom after every convolution.
    """

    kind: Literal["gatedgcn"] = "gatedgcn"
    feed_forward: bool = True

    def build(self, sizes: Mapping[str, Any]) -> GatedGCNExperts:
        """A module from inputs to ``(B, E, H)``."""
        return GatedGCNExperts(self, self.size(sizes))


class GatedGCNLayer(nn.Module):
    """Bresson and Laurent (https://arxiv.org/abs/1711.07553) with vectors of edges.

    ``g_uv = C e_uv + D x_v + E x_u``;
    ``x_v <- x_v + act(norm(A x_v + sum_u sig(g_uv) B x_u / sum_u sig(g_uv)))``;
    ``e_uv <- e_uv + act(norm(g_uv))``; then the feed-forward block of Luo et al.
    (https://arxiv.org/abs/2502.09263), normalised at its input.

    Parameters
    ----------
    config, n_experts
        The group, and how many experts the layer is of.
    changes_edges
        Whether a later layer reads its edges.
    """

    def __init__(self, config: GatedGCNConfig, n_experts: int, changes_edges: bool) -> None:
        super().__init__()
        width = config.hidden
        self.activation = activations[config.activation]
        self.dropout = ByteDropout(config.dropout)
        self.of_atoms = StackedLinear(n_experts, width, 4 * width)
        self.of_edges = StackedLinear(n_experts, width, width)
        self.norm = config.norm_of(n_experts)
        self.edge_norm = config.norm_of(n_experts) if changes_edges else None
        self.block = _FeedForward(config, n_experts) if config.feed_forward else None

    def forward(self, atoms: Tensor, edges: Tensor, graph: GraphInput) -> tuple[Tensor, Tensor]:
        """``(N, E or 1, H), (M, E or 1, H) -> (N, E, H), (M, E, H)``."""
        width = atoms.shape[-1]
        own, at_target, at_source = self.of_atoms(atoms).split((width, width, 2 * width), dim=-1)
        value, at_source = (graph.source @ at_source).chunk(2, dim=-1)
        gate = self.of_edges(edges) + graph.target @ at_target + at_source
        share = torch.sigmoid(gate)
        heard = (graph.incoming @ (share * value)) / (graph.incoming @ share + _TINY)
        atoms = atoms + self.dropout(self.activation(self.norm(own + heard)))
        if self.edge_norm is not None:
            edges = edges + self.dropout(self.activation(self.edge_norm(gate)))
        if self.block is not None:
            atoms = self.block(atoms)
        return atoms, edges


class _FeedForward(nn.Module):
    """``x <- x + W2 act(W1 norm(x))``."""

    def __init__(self, config: GatedGCNConfig, n_experts: int) -> None:
        super().__init__()
        self.norm = config.norm_of(n_experts)
        self.first = StackedLinear(n_experts, config.hidden, 2 * config.hidden)
        self.second = StackedLinear(n_experts, 2 * config.hidden, config.hidden)
        self.activation = activations[config.activation]
        self.dropout = ByteDropout(config.dropout)

    def forward(self, atoms: Tensor) -> Tensor:
        hidden = self.dropout(self.activation(self.first(self.norm(atoms))))
        atoms = atoms + self.dropout(self.second(hidden))
        return atoms


class GatedGCNExperts(GraphExperts):
    """Experts of :class:`GatedGCNLayer`."""

    def __init__(self, config: GatedGCNConfig, size: GraphSize) -> None:
        super().__init__(config, size)
        stacks = config.stacks()
        self.edges = CodeEmbedding(stacks[0], size.bond_widths, 0, config.hidden)
        self.layers = nn.ModuleList(
            GatedGCNLayer(config, n, number < len(stacks)) for number, n in enumerate(stacks, 1)
        )

    def atoms(self, graph: GraphInput) -> Tensor:
        atoms: Tensor = self.embedding(graph.atoms, graph.reals)
        edges: Tensor = self.edges(graph.edges)
        for layer in self.layers:
            atoms, edges = layer(atoms, edges, graph)
        return atoms
