"""The network that is fitted: one expert, whose vector is that of all its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.config import Config
from bioassay_mtl.nn.fitted.settings import FittedConfig
from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.nn.outputs import Outputs, as_outputs
from bioassay_mtl.nn.towers import Tower, TowerConfig
from bioassay_mtl.tasks.kinds import TaskKind


class OutputTower(Tower):
    """Outputs are those of the one expert, until a model is joined with one of other units."""

    def __init__(self, outputs: Outputs) -> None:
        n_outputs = len(outputs.owner)
        super().__init__(TowerConfig(), outputs, 1, n_outputs)
        self.weight = nn.Parameter(torch.ones(n_outputs))

    def forward(self, experts: Tensor, gates: Tensor) -> Tensor:
        return self.expert_logits(experts)[0] * self.of_outputs(gates)[..., 0]

    def expert_logits(self, experts: Tensor) -> Tensor:
        return experts.transpose(0, 1) * self.weight + self.bias


class FittedNetwork(nn.Module):
    """Base of fitted networks: one expert, H = O, open to all tasks.

    Parameters
    ----------
    config
        The architecture.
    sizes, tasks, kinds
        See any network.
    """

    config_class: type[Config]
    connections: Tensor

    def __init__(
        self,
        config: FittedConfig,
        sizes: Mapping[str, InputSize],
        tasks: Sequence[str],
        kinds: Sequence[TaskKind] = (),
    ) -> None:
        super().__init__()
        self.inputs = config.inputs
        self.sizes = {name: sizes[name] for name in config.inputs if name in sizes}
        self.outputs = as_outputs(kinds, len(tasks))
        self.width = len(self.outputs.owner)
        self.groups, self.gate = nn.ModuleList(), nn.Module()
        self.tower = OutputTower(self.outputs)
        self.intercept = nn.Parameter(torch.zeros(self.width))
        connections = torch.ones(len(tasks), 1, dtype=torch.bool)
        self.register_buffer("connections", connections, persistent=False)

    def experts(self, inputs: Inputs) -> Tensor:
        """``(B, 1, O)``: the outputs themselves."""
        raise NotImplementedError

    def mixing_weights(self, inputs: Inputs) -> Tensor:
        """``(1, T, 1)``: 1 where the connection is open."""
        return self.connections[None].to(self.intercept.dtype)

    def forward(self, inputs: Inputs) -> Tensor:
        """``(B, O)``."""
        outputs: Tensor = self.tower(self.experts(inputs), self.mixing_weights(inputs))
        return outputs
