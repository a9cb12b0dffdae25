"""Directed message passing: messages between bonds, none straight back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor, nn

from bioassay_mtl.chem.representation import GraphSize
from bioassay_mtl.nn.experts.base import expert_kinds
from bioassay_mtl.nn.experts.embedding import CodeEmbedding
from bioassay_mtl.nn.experts.graph import GraphExperts, GraphGroupConfig
from bioassay_mtl.nn.experts.stacked import StackedLinear
from bioassay_mtl.nn.graphs import GraphInput, Incidence
from bioassay_mtl.nn.graphs.steps import directed_steps


@expert_kinds.register("dmpnn")
class DMPNNConfig(GraphGroupConfig):
    """Directed message passing; see :class:`GraphGroupConfig`.

    As chemprop counts it, ``depth`` is the number of times that messages are summed: the last time
    by the atoms, before by the bonds.
    """

    kind: Literal["dmpnn"] = "dmpnn"
    norm: Literal["layer", "none"] = "none"

    def build(self, sizes: Mapping[str, Any]) -> DMPNNExperts:
        """A module from inputs to ``(B, E, H)``."""
        return DMPNNExperts(self, self.size(sizes))


class DMPNNExperts(GraphExperts):
    """D-MPNN (Yang et al., doi 10.1021/acs.jcim.9b00237).

    ``h0_vw = x_v + e_vw``; ``h_vw = act(h0_vw + W sum_(u != w) h_uv)``;
    ``h_v = act(W' sum_u h_uv + x'_v)``. Unlike chemprop's, each layer has a W of its own.
    """

    def __init__(self, config: DMPNNConfig, size: GraphSize) -> None:
        super().__init__(config, size)
        stacks, width = config.stacks(), config.hidden
        self.edges = CodeEmbedding(stacks[0], size.bond_widths, 0, width)
        self.layers = nn.ModuleList(StackedLinear(n, width, width) for n in stacks[:-1])
        self.norms = nn.ModuleList(config.norm_of(n) for n in stacks[:-1])
        self.last_embedding = CodeEmbedding(stacks[-1], size.atom_widths, size.n_reals, width)
        self.last = StackedLinear(stacks[-1], width, width)

    def environments(self, graph: GraphInput) -> tuple[Tensor, Incidence]:
        (begins, bonds), steps, which = graph.once(directed_steps, self.config.depth)
        start = begins @ self.embedding(graph.atoms) + bonds @ self.edges(graph.edges)
        edges = self.activation(start)
        for layer, norm, step in zip(self.layers, self.norms, steps[:-1], strict=True):
            heard = layer(step.heard @ edges)
            edges = self.dropout(self.activation(norm(step.start @ start + heard)))
        heard = self.last(steps[-1].heard @ edges)
        atoms = heard + steps[-1].start @ self.last_embedding(graph.atoms)
        return self.dropout(self.activation(atoms)), which
