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
from bioassay_mtl.nn.graphs import GraphInput, Incidence
from bioassay_mtl.nn.graphs.steps import AtomStep, gated_steps

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
    (https://arxiv.org/abs/2502.09263), normalized at its input.

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

    def forward(self, atoms: Tensor, edges: Tensor, step: AtomStep) -> tuple[Tensor, Tensor]:
        """``(K', E or 1, H), (Q', E or 1, H) -> (K, E, H), (Q, E, H)``."""
        width = atoms.shape[-1]
        own, at_target, at_source = self.of_atoms(atoms).split((width, width, 2 * width), dim=-1)
        value, at_source = (step.source @ at_source).chunk(2, dim=-1)
        gate = step.own_edge @ self.of_edges(edges) + step.target @ at_target + at_source
        share = torch.sigmoid(gate)
        heard = (step.incoming @ (share * value)) / (step.incoming @ share + _TINY)
        change = self.activation(self.norm(step.own @ own + heard))
        atoms = step.own @ atoms + self.dropout(change)
        if self.edge_norm is not None:
            change = self.activation(self.edge_norm(gate))
            edges = step.own_edge @ edges + self.dropout(change)
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

    def environments(self, graph: GraphInput) -> tuple[Tensor, Incidence]:
        steps, which = graph.once(gated_steps, self.config.depth)
        atoms: Tensor = self.embedding(graph.atoms)
        edges: Tensor = self.edges(graph.edges)
        for layer, step in zip(self.layers, steps, strict=True):
            atoms, edges = layer(atoms, edges, step)
        return atoms, which
