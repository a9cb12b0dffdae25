"""Pooling of the vectors of atoms to one of the molecule, for each expert."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bioassay_mtl.nn.experts.stacked import StackedLinear
from bioassay_mtl.nn.graphs import GraphInput, Incidence
from bioassay_mtl.registry import Registry

ROOT_OF_ATOMS = 5
"""Sums are divided by the root of about as many atoms as a drug-like molecule has: then one atom
more is noticed, and the sum of all is not large."""


class Pooling(nn.Module):
    """Pooling from different atoms ``(K, E or 1, H)`` to molecules ``(B, E or 1, H)``.

    One without atoms is given zeros.

    Parameters
    ----------
    n_experts, width
        E and H.
    heads
        H / heads columns have one attention (``multi_head``).
    """

    def __init__(self, n_experts: int, width: int, heads: int) -> None:
        super().__init__()

    def forward(self, vectors: Tensor, which: Incidence, graph: GraphInput) -> Tensor:
        raise NotImplementedError


poolings: Registry[type[Pooling]] = Registry("pooling")


@poolings.register("sum")
class SumPooling(Pooling):
    """Large molecules have large sums."""

    def forward(self, vectors: Tensor, which: Incidence, graph: GraphInput) -> Tensor:
        return graph.molecules @ (which @ vectors) / ROOT_OF_ATOMS


@poolings.register("mean")
class MeanPooling(Pooling):
    """The size of the molecule is lost."""

    def forward(self, vectors: Tensor, which: Incidence, graph: GraphInput) -> Tensor:
        total = graph.molecules @ (which @ vectors)
        return total / graph.molecules.counts.clamp_min(1)[:, None, None]


@poolings.register("multi_head")
class MultiHeadPooling(Pooling):
    """A mean weighed by attention, ``softmax_v(a . x_v + b)``, of its own for each expert and head.

    With one head that is `torch_geometric.nn.AttentionalAggregation` with a linear gate.
    """

    def __init__(self, n_experts: int, width: int, heads: int) -> None:
        super().__init__(n_experts, width, heads)
        self.score = StackedLinear(n_experts, width, heads)

    def forward(self, vectors: Tensor, which: Incidence, graph: GraphInput) -> Tensor:
        score = which @ self.score(vectors)  # (N, E, heads)
        weight = torch.exp(score - graph.owner @ graph.molecules.largest(score.detach()))
        heads = (which @ vectors).unflatten(-1, (score.shape[-1], -1))
        total = graph.molecules @ (weight[..., None] * heads)
        norm = graph.molecules @ weight
        pooled = total / norm.where(norm > 0, 1)[..., None]
        flat: Tensor = pooled.flatten(-2)
        return flat


@poolings.register("attention")
class AttentionPooling(MultiHeadPooling):
    """One attention for all columns."""

    def __init__(self, n_experts: int, width: int, heads: int) -> None:
        super().__init__(n_experts, width, 1)
