"""MMoEEx: a mixture of experts with exclusive connections (arXiv 2106.10595)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from bioassay_mtl.chem.representation import GraphSize, InputSize
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.architectures.base import networks
from bioassay_mtl.nn.connections import ConnectionConfig, connection_matrix
from bioassay_mtl.nn.experts import AnyGroup, GroupConfig
from bioassay_mtl.nn.gates import GateConfig, gates
from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.nn.outputs import as_outputs
from bioassay_mtl.nn.towers import TowerConfig, towers
from bioassay_mtl.tasks.kinds import TaskKind


class MMoEExConfig(Config):
    """Architecture of :class:`MMoEEx`.

    Parameters
    ----------
    experts
        Groups of experts of any kinds; each group names the inputs that it reads.
    gate, connections, tower
        See their classes.
    """

    kind: Literal["mmoeex"] = "mmoeex"
    experts: Annotated[tuple[AnyGroup, ...], Field(min_length=1)]
    gate: GateConfig = GateConfig()
    connections: ConnectionConfig = ConnectionConfig()
    tower: TowerConfig = TowerConfig()


@networks.register("mmoeex")
class MMoEEx(nn.Module):
    """``logit_t = h_t(sum_e g_te(x) f_e(x))`` with closed connections exactly 0.

    Parameters
    ----------
    config
        The architecture.
    sizes
        Size of every input: see
        :attr:`~bioassay_mtl.chem.representation.Representation.input_size`.
    tasks
        Names of the T tasks, in the order of the outputs.
    kinds
        Kind of each task; all binary where none are given.
    """

    config_class: type[Config] = MMoEExConfig
    connections: Tensor
    """``(T, E) bool``: kept in the configuration of a model folder, not among its weights."""

    def __init__(
        self,
        config: MMoEExConfig,
        sizes: Mapping[str, InputSize],
        tasks: Sequence[str],
        kinds: Sequence[TaskKind] = (),
    ) -> None:
        super().__init__()
        _check(config, sizes)
        self.groups = nn.ModuleList(_built(group, sizes) for group in config.experts)
        n_experts = sum(group.n for group in config.experts)
        matrix = connection_matrix(config.connections, tasks, n_experts)
        self.register_buffer("connections", torch.from_numpy(matrix), persistent=False)
        self.gate = gates[config.gate.kind](
            config.gate, len(tasks), n_experts, read_by_gate(config.gate, sizes)
        )
        self.outputs = as_outputs(kinds, len(tasks))
        self.width = max(group.width for group in config.experts)
        self.tower = towers[config.tower.kind](config.tower, self.outputs, n_experts, self.width)

    def experts(self, inputs: Inputs) -> Tensor:
        """Outputs of all experts, ``(B, E, H)``, narrower ones filled up with zeros."""
        found = [filled(group(inputs), self.width) for group in self.groups]
        return found[0] if len(found) == 1 else torch.cat(found, dim=1)

    def mixing_weights(self, inputs: Inputs) -> Tensor:
        """Gates of all tasks, ``(B, T, E)``, or ``(1, T, E)`` where no molecule matters."""
        weights: Tensor = self.gate(inputs, self.connections)
        return weights

    def votes(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """``(B, E, O)`` outputs of each expert alone, and ``(B or 1, E, O)`` their shares."""
        alone: Tensor = self.tower.expert_logits(self.experts(inputs))
        gates: Tensor = self.tower.of_outputs(self.mixing_weights(inputs))
        return alone.transpose(0, 1), gates.expand(-1, alone.shape[2], -1).transpose(1, 2)

    def forward(self, inputs: Inputs) -> Tensor:
        """``(B, O)``: the O outputs of the tasks, logits ``(B, T)`` while all are binary."""
        logits: Tensor = self.tower(self.experts(inputs), self.mixing_weights(inputs))
        return logits


def _built(config: GroupConfig, sizes: Mapping[str, InputSize]) -> nn.Module:
    """A group of experts that knows its settings, whoever wrote it."""
    group = config.build(sizes)
    group.config = config  # type: ignore[assignment]
    return group


def filled(outputs: Tensor, width: int) -> Tensor:
    """``(..., H)`` as ``(..., width)``, zeros behind."""
    missing = width - outputs.shape[-1]
    return functional.pad(outputs, (0, missing)) if missing else outputs


def read_by_gate(config: GateConfig, sizes: Mapping[str, InputSize]) -> dict[str, InputSize]:
    """Sizes of the inputs that a gate reads."""
    no_graphs = [name for name, size in sizes.items() if not isinstance(size, GraphSize)]
    return {name: sizes[name] for name in config.inputs or no_graphs or sizes}


def _check(config: MMoEExConfig, sizes: Mapping[str, InputSize]) -> None:
    read = [name for group in config.experts for name in group.inputs] + [*config.gate.inputs]
    for name in read:
        if name not in sizes:
            raise ConfigError(f"unknown input {name!r}; the model has {sorted(sizes)}")
