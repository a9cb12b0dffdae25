"""Experts that were trained each on its own, mixed by gates fitted to what they said out of fold.

Gates that learn together with their experts see predictions of molecules which the experts have
learned by heart. Here each expert is a whole network, or trees, trained alone; the gates are fitted
afterwards to predictions of molecules that the experts had not seen, with weights that are shrunk
and may be exactly 0, where an expert clearly does not help an assay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import BeforeValidator, Field, SerializeAsAny, field_validator, model_validator
from torch import Tensor, nn

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.config import Config
from bioassay_mtl.nn.architectures.base import (
    AnyNetwork,
    build_network,
    network_config,
    networks,
)
from bioassay_mtl.nn.architectures.ensemble import EnsembleConfig
from bioassay_mtl.nn.experts.base import group_config
from bioassay_mtl.nn.experts.fitted import FittedGroupConfig, fitted_network
from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.nn.outputs import as_outputs
from bioassay_mtl.nn.stacking import StackingMethod, stacking_config
from bioassay_mtl.tasks.kinds import TaskKind

ALONE = {"gate": {"kind": "static", "weight_decay": 10.0}, "tower": {"kind": "per_expert"}}
"""Settings of a group of experts that is a network of its own."""


class StackedGateConfig(Config):
    """Gates from predictions out of fold.

    Parameters
    ----------
    folds
        K: each expert is trained K times without a K-th of the training rows, which it predicts,
        and once on all of them.
    method
        Map from these predictions to weights, see :mod:`bioassay_mtl.nn.stacking`.
    """

    kind: Literal["stacked"] = "stacked"
    folds: Annotated[int, Field(ge=2)] = 5
    method: Annotated[SerializeAsAny[StackingMethod], BeforeValidator(stacking_config)] = Field(
        default="penalized", validate_default=True
    )


class StackedConfig(Config):
    """Architecture of :class:`Stacked`.

    Parameters
    ----------
    members
        Architectures of the E experts. In their place ``experts`` may be given: groups as those of
        a mixture, each a network of its own, or trees.
    gate
        Gate, with the method by which weights are found.
    """

    kind: Literal["stacked"] = "stacked"
    members: Annotated[tuple[AnyNetwork, ...], Field(min_length=1)]
    gate: StackedGateConfig = StackedGateConfig()

    @model_validator(mode="before")
    @classmethod
    def _of_groups(cls, values: Any) -> Any:
        if not isinstance(values, Mapping) or "experts" not in values or "members" in values:
            return values
        rest = {name: value for name, value in values.items() if name != "experts"}
        return {**rest, "members": [alone(group) for group in values["experts"]]}

    @field_validator("members")
    @classmethod
    def _trainable(cls, members: tuple[Config, ...]) -> tuple[Config, ...]:
        for member in members:
            if isinstance(member, StackedConfig | EnsembleConfig):
                raise ValueError("a member is a network, or trees: no ensemble, nothing stacked")
        return members

    @model_validator(mode="after")
    def _expects_of_each(self) -> StackedConfig:
        self.gate.method.check_experts(len(self.members))
        return self

    def keeping(self, kept: Sequence[int]) -> StackedConfig:
        """Stack of some of the members, given by index."""
        gate = self.gate.model_copy(update={"method": self.gate.method.of_experts(kept)})
        members = tuple(self.members[n] for n in kept)
        return self.model_copy(update={"members": members, "gate": gate})


def alone(group: Any) -> Config:
    """The network that a group of experts is by itself."""
    known = group_config(group)
    if isinstance(known, FittedGroupConfig):
        return fitted_network(known)
    return network_config({"experts": (known,), **ALONE})


@networks.register("stacked")
class Stacked(nn.Module):
    """``output_o = bias_o + scale_o sum_e w_te f_eo(x)``, with task t of output o and w >= 0.

    A member's outputs stand for the vector of an expert, and the tower of a task reads its own
    coordinate: so the mixture is one of logits for outcomes, of standard units for values.

    Parameters
    ----------
    config
        The architecture.
    sizes, tasks, kinds
        See any network; a member takes from the inputs what it reads.
    """

    config_class: type[Config] = StackedConfig
    gate_weights: Tensor
    """``(T, E)``."""
    connections: Tensor
    bias: Tensor
    scale: Tensor

    def __init__(
        self,
        config: StackedConfig,
        sizes: Mapping[str, InputSize],
        tasks: Sequence[str],
        kinds: Sequence[TaskKind] = (),
    ) -> None:
        super().__init__()
        members = [build_network(each, sizes, tasks, kinds) for each in config.members]
        self.members: Any = nn.ModuleList(members)  # type: ignore[arg-type]
        self.outputs = as_outputs(kinds, len(tasks))
        shape = (len(tasks), len(members))
        self.width = n_outputs = sum(self.outputs.counts)
        open_to_all = torch.ones(shape, dtype=torch.bool)
        self.register_buffer("connections", open_to_all, persistent=False)
        self.register_buffer("gate_weights", torch.full(shape, 1 / len(members)))
        self.register_buffer("bias", torch.zeros(n_outputs))
        self.register_buffer("scale", torch.ones(n_outputs))

    def set_gates(self, weights: Tensor, bias: Tensor) -> None:
        """Weights ``(T, E)``, of which those that are 0 close a connection, and bias ``(O,)``."""
        self.gate_weights.copy_(weights)
        self.connections.copy_(weights > 0)
        self.bias.copy_(bias)

    def experts(self, inputs: Inputs) -> Tensor:
        """``(B, E, O)``: the outputs of every member."""
        return torch.stack([member(inputs).float() for member in self.members], dim=1)

    def mixing_weights(self, inputs: Inputs) -> Tensor:
        """``(1, T, E)``."""
        return torch.where(self.connections, self.gate_weights, 0.0)[None]

    def votes(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """``(B, E, O)``: the output if a member had all the weight; ``(1, E, O)``: its share."""
        weights = self.mixing_weights(inputs)[0][self.outputs.owner.to(self.bias.device)].T
        total = weights.sum(dim=0)
        return self.bias + self.scale * total * self.experts(inputs), (weights / total)[None]

    def forward(self, inputs: Inputs) -> Tensor:
        """``(B, O)``."""
        owner = self.outputs.owner.to(self.bias.device)
        weights = self.mixing_weights(inputs)[0][owner]
        mixed = (self.experts(inputs) * weights.T).sum(dim=1)
        return self.bias + self.scale * mixed

    def rescale(self, factor: Tensor, shift: Tensor) -> None:
        """Give ``factor * output + shift`` from now on, both ``(O,)``."""
        self.scale.mul_(factor)
        self.bias.mul_(factor).add_(shift)
