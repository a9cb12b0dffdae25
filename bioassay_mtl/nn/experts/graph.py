"""Base of all experts that read graphs: settings, layers that are shared, the readout.

A layer is a stack of E layers, one for each expert, or of one that all of them share: vectors of
atoms are ``(K, E or 1, H)``, and experts split where a stack of E meets a single vector. K is the
number of different atoms (see :mod:`~bioassay_mtl.nn.graphs.environments`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from torch import Tensor, nn

from bioassay_mtl.chem.representation import GraphSize
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.dropout import ByteDropout
from bioassay_mtl.nn.experts.base import GroupConfig, activations
from bioassay_mtl.nn.experts.embedding import CodeEmbedding
from bioassay_mtl.nn.experts.pooling import poolings
from bioassay_mtl.nn.experts.stacked import StackedLinear, StackedNorm
from bioassay_mtl.nn.graphs import GraphInput, Incidence
from bioassay_mtl.nn.inputs import Inputs


class GraphGroupConfig(GroupConfig):
    """Experts that read one graph.

    Parameters
    ----------
    inputs
        Name of the graph among the model's inputs.
    n
        Number of experts.
    width
        Size H of the output.
    hidden
        Size of the vectors of atoms and bonds.
    depth
        Number of message-passing layers.
    shared_depth
        Number of these, the first ones, all experts of the group share, and the embedding of atoms
        with them (0: nothing); None for all but the last.
    pooling
        Pooling of atoms to the molecule, of its own for each expert: ``sum``, ``mean``,
        ``attention``, or ``multi_head``.
    heads
        Number of heads of ``multi_head``.
    norm
        Normalize vectors (``layer``) in every layer, or not (``none``). Not over the batch: what a
        molecule gives must not depend on others, in a two-step update either.
    dropout
        Share of units dropped in training, after every layer. On a CPU atoms of a batch that are
        alike lose the same ones.
    activation
        Name in the registry of activations.
    learning_rate_factor
        Share of the run's learning rate at which these experts learn: deep networks cannot take the
        large steps of those that read fingerprints.
    """

    hidden: Annotated[int, Field(ge=1)] = 256
    depth: Annotated[int, Field(ge=1)] = 4
    shared_depth: Annotated[int, Field(ge=0)] | None = None
    pooling: Annotated[str, AfterValidator(poolings.known)] = "attention"
    heads: Annotated[int, Field(ge=1)] = 4
    norm: Literal["layer", "none"] = "layer"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    learning_rate_factor: Annotated[float, Field(gt=0)] = 0.1

    @model_validator(mode="after")
    def _fits(self) -> GraphGroupConfig:
        if self.shared_depth is not None and self.shared_depth > self.depth:
            raise ConfigError(
                f"experts: shared_depth {self.shared_depth} is more than depth {self.depth}"
            )
        if self.pooling == "multi_head" and self.hidden % self.heads:
            raise ConfigError(f"experts: {self.heads} heads do not divide hidden {self.hidden}")
        return self

    def size(self, sizes: Mapping[str, Any]) -> GraphSize:
        """Size of the graph that is read."""
        size = sizes.get(self.inputs[0]) if len(self.inputs) == 1 else None
        if not isinstance(size, GraphSize):
            raise ConfigError(
                f"experts: kind {self.kind!r} reads one graph, found inputs {list(self.inputs)}"
            )
        return size

    def stacks(self) -> list[int]:
        """Number of experts that each layer is of: 1 where they share it."""
        shared = self.depth - 1 if self.shared_depth is None else self.shared_depth
        return [1] * shared + [self.n] * (self.depth - shared)

    def norm_of(self, n_experts: int, width: int | None = None) -> nn.Module:
        """A fresh normalization."""
        return StackedNorm(n_experts, width or self.hidden) if self.norm == "layer" else _Same()


class _Same(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class GraphExperts(nn.Module):
    """``f_e(graph) -> (B, H)`` for the E experts of one group; a kind gives the atoms' vectors.

    Parameters
    ----------
    config
        The group.
    size
        Size of the graph.
    """

    def __init__(self, config: GraphGroupConfig, size: GraphSize) -> None:
        super().__init__()
        self.config = config
        self.activation = activations[config.activation]
        self.dropout = ByteDropout(config.dropout)
        self.embedding = CodeEmbedding(
            config.stacks()[0], size.atom_widths, size.n_reals, config.hidden
        )
        self.norm = config.norm_of(config.stacks()[-1])
        self.pooling = poolings[config.pooling](config.n, config.hidden, config.heads)
        self.readout = StackedLinear(config.n, config.hidden, config.width)

    def environments(self, graph: GraphInput) -> tuple[Tensor, Incidence]:
        """Different atoms ``(K, E or 1, hidden)``, and which of them each is ``(N, K)``."""
        raise NotImplementedError

    def atoms(self, graph: GraphInput) -> Tensor:
        """``(N, E or 1, hidden)``."""
        vectors, which = self.environments(graph)
        return which @ vectors

    def forward(self, inputs: Inputs) -> Tensor:
        """``(B, E, H)``."""
        graph = inputs[self.config.inputs[0]]
        assert isinstance(graph, GraphInput)
        vectors, which = self.environments(graph)
        pooled = self.pooling(self.norm(vectors), which, graph)
        output: Tensor = self.dropout(self.activation(self.readout(pooled)))
        return output
