"""The contract of gates: scores per task and expert, and the softmax over open connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import torch
from pydantic import AfterValidator, Field
from torch import Tensor, nn

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.config import Config
from bioassay_mtl.nn.draws import generator
from bioassay_mtl.nn.dropout import ByteDropout
from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.registry import Registry, class_of

gates: Registry[type[Gate]] = Registry("gate", "gates", class_of("bioassay_mtl.nn.gates:Gate"))


class GateConfig(Config):
    """Settings of a gate: how each task mixes the experts.

    Parameters
    ----------
    kind
        Name in the registry of gates: ``uniform``, ``static``, ``linear``, ``low_rank``,
        ``task_embedding``.
    inputs
        Names of the inputs that the gate reads; empty: all of the model but graphs, or if there is
        nothing else, these. Of a graph it reads :func:`~bioassay_mtl.nn.graphs.composition`.
    rank
        Size of the bottleneck of ``low_rank`` and ``task_embedding``.
    dropout
        Share of the bottleneck's units (``linear``: of the scores) dropped in training.
    expert_dropout
        Share of open connections closed at random in training, per molecule; the gate is
        renormalized over those left.
    temperature
        Scores are divided by it: above 1 nearer to uniform.
    weight_decay
        Weight decay of the gate's own parameters, in place of the model's.
    """

    kind: Annotated[str, AfterValidator(gates.known)] = "static"
    inputs: tuple[str, ...] = ()
    rank: Annotated[int, Field(ge=1)] = 16
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    expert_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    temperature: Annotated[float, Field(gt=0)] = 1.0
    weight_decay: Annotated[float, Field(ge=0)] = 0.0


class Gate(nn.Module):
    """Scores of every expert for every task. All kinds start uniform.

    Parameters
    ----------
    config
        Settings of the gate.
    n_tasks, n_experts
        T and E.
    sizes
        Sizes of the inputs that the gate reads.
    """

    reads_inputs: ClassVar[bool] = True
    """Whether scores depend on the molecule."""
    shared: ClassVar[tuple[str, ...]] = ()
    """Prefixes of the parameters that tasks share; the others belong to one task each, and tasks
    lie along their first axis, or along the columns of an :class:`InputLinear`."""

    def __init__(
        self, config: GateConfig, n_tasks: int, n_experts: int, sizes: Mapping[str, InputSize]
    ) -> None:
        super().__init__()
        self.config, self.n_tasks, self.n_experts = config, n_tasks, n_experts
        self.dropout = ByteDropout(config.dropout)

    def scores(self, inputs: Inputs) -> Tensor:
        """``(B, T, E)``, or ``(1, T, E)`` where they do not depend on the molecule."""
        raise NotImplementedError

    def forward(self, inputs: Inputs, connections: Tensor) -> Tensor:
        """Mixing weights ``g (B or 1, T, E)``: they sum to 1 over open experts, closed are 0.

        Parameters
        ----------
        inputs
            Inputs of B molecules.
        connections
            ``(T, E) bool``.
        """
        scores = self.scores(inputs) / self.config.temperature
        is_open = connections
        if self.training and self.config.expert_dropout:
            n = len(next(iter(inputs.values())))
            is_open = drop_connections(connections, self.config.expert_dropout, n)
        return masked_softmax(scores, is_open)


def masked_softmax(scores: Tensor, is_open: Tensor) -> Tensor:
    """Softmax over the open experts; a closed one is exactly 0, forward and backward."""
    return torch.softmax(scores.masked_fill(~is_open, -torch.inf), dim=-1)


def drop_connections(connections: Tensor, share: float, n: int) -> Tensor:
    """``(n, T, E) bool``: open connections closed at random, one left open for each task."""
    device = connections.device
    noise = torch.rand(n, *connections.shape, device=device, generator=generator(device))
    noise = noise.masked_fill(~connections, -1.0)
    best = noise == noise.amax(dim=-1, keepdim=True)
    return connections & ((noise >= share) | best)
