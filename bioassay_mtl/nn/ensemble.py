"""Several trained networks as one: the weighted mean of their outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field, SerializeAsAny, field_validator
from torch import Tensor, nn

from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.config import Config
from bioassay_mtl.data.kinds import TaskKind
from bioassay_mtl.data.standardisation import Standardisation
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.nn.gates import gates
from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.nn.mmoeex import filled, read_by_gate
from bioassay_mtl.nn.model import Model
from bioassay_mtl.nn.networks import build_network, network_config, networks


class EnsembleConfig(Config):
    """Architecture of :class:`Ensemble`.

    Parameters
    ----------
    members
        Architectures of the members.
    weights
        Share of each member, positive and summing to 1; None for equal shares.
    """

    kind: Literal["ensemble"] = "ensemble"
    members: Annotated[tuple[SerializeAsAny[Config], ...], Field(min_length=1)]
    weights: tuple[Annotated[float, Field(gt=0)], ...] | None = None

    @field_validator("members", mode="before")
    @classmethod
    def _known_members(cls, values: Sequence[Any]) -> tuple[Config, ...]:
        return tuple(network_config(value) for value in values)

    @field_validator("weights")
    @classmethod
    def _shares(cls, weights: tuple[float, ...] | None, info: Any) -> tuple[float, ...] | None:
        members = info.data.get("members", ())
        if weights is not None and (len(weights) != len(members) or abs(sum(weights) - 1) > 1e-6):
            raise ValueError(f"one weight for each of {len(members)} members, 1 in all")
        return weights


@networks.register("ensemble")
class Ensemble(nn.Module):
    """``sum_k w_k f_k(x)`` of trained members: a mixture of all their experts.

    Its gates are the members', times their weights: where towers vote, the output is the gates'
    mean of all experts' votes, as in a single mixture. It predicts; it is not trained as a whole.

    Parameters
    ----------
    config
        The architecture.
    sizes, tasks, kinds
        As for any network; a member takes from the inputs what it reads.
    """

    config_class: type[Config] = EnsembleConfig

    def __init__(
        self,
        config: EnsembleConfig,
        sizes: Mapping[str, InputSize],
        tasks: Sequence[str],
        kinds: Sequence[TaskKind] = (),
    ) -> None:
        super().__init__()
        n = len(config.members)
        self.weights = config.weights or (1 / n,) * n
        self.members: Any = nn.ModuleList(
            build_network(member, sizes, tasks, kinds) for member in config.members
        )
        self.outputs = self.members[0].outputs
        widths: list[Any] = [member.width for member in self.members]
        self.width: int = max(widths)
        parts: list[Any] = [member.connections for member in self.members]
        matrix = torch.cat(parts, dim=1)
        self.register_buffer("connections", matrix, persistent=False)
        for member, part in zip(self.members, matrix.split(self._n_experts, dim=1), strict=True):
            member.connections = part  # a view: what a folder says of all reaches each

    @property
    def _n_experts(self) -> list[int]:
        return [member.connections.shape[1] for member in self.members]

    def experts(self, inputs: Inputs) -> Tensor:
        """``(B, E, H)`` of all members, narrower ones filled up with zeros."""
        parts = [filled(member.experts(inputs), self.width) for member in self.members]
        return torch.cat(parts, dim=1)

    def mixing_weights(self, inputs: Inputs) -> Tensor:
        """``(B or 1, T, E)``: the members' gates, times their weights."""
        gates = [
            weight * member.mixing_weights(inputs)
            for weight, member in zip(self.weights, self.members, strict=True)
        ]
        n_rows = max(len(gate) for gate in gates)
        return torch.cat([gate.expand(n_rows, -1, -1) for gate in gates], dim=2)

    def forward(self, inputs: Inputs) -> Tensor:
        """``(B, O)``."""
        total: Tensor = sum(
            weight * member(inputs).float()
            for weight, member in zip(self.weights, self.members, strict=True)
        )
        return total


def join(models: Sequence[Model], weights: Sequence[float] | None = None, name: str = "") -> Model:
    """One model of several that predict the same tasks.

    Parameters
    ----------
    models
        They may read different inputs, and inputs of one name must be the same. Values that they
        were trained on in other standard units are brought to those of the first.
    weights
        Share of each, summing to 1; None for equal shares.
    name
        Of the new model; empty for that of the first. Counts, annotations and training are the
        first one's; nobody has measured the new model yet, and it has no card.

    Raises
    ------
    ConfigError
        The models do not fit together.
    """
    first = models[0]
    fingerprints: dict[str, Any] = {}
    scalings: dict[str, Any] = {}
    for number, model in enumerate(models, start=1):
        if (model.tasks, model.kinds) != (first.tasks, first.kinds):
            raise ConfigError(f"join: model {number} predicts other tasks than model 1")
        if model.featurizer.standardise != first.featurizer.standardise:
            raise ConfigError(f"join: model {number} standardises molecules otherwise than model 1")
        for mine, all_known in (
            (model.featurizer.fingerprints, fingerprints),
            (model.scalings, scalings),
        ):
            for key, value in mine.items():
                if not _same(all_known.setdefault(key, value), value):
                    raise ConfigError(f"join: input {key!r} of model {number} is another one")
    config = EnsembleConfig.of(
        {
            "members": [
                _reading(model.network_config, model.featurizer.input_sizes) for model in models
            ],
            "weights": None if weights is None else tuple(weights),
        }
    )
    max_atoms = min(model.featurizer.max_atoms for model in models)
    featurizer = replace(first.featurizer, fingerprints=fingerprints, max_atoms=max_atoms)
    with Draws(0).used():  # for weights that are replaced
        network = build_network(config, featurizer.input_sizes, first.tasks, first.kinds)
    for member, model in zip(network.members, models, strict=True):
        member.load_state_dict(model.network.state_dict())
        member.connections.copy_(model.network.connections)
        _rescale(member, model.standardisation, first.standardisation)
    return Model(
        network=network,
        network_config=config,
        featurizer=featurizer,
        tasks=first.tasks,
        label_counts=first.label_counts,
        annotations=first.annotations,
        name=name or first.name,
        training=first.training,
        scalings=scalings,
        kinds=first.kinds,
        standardisation=first.standardisation,
        training_molecules=_molecules_of_all(models),
    )


def _molecules_of_all(models: Sequence[Model]) -> TrainingMolecules | None:
    """Those of all models; None where one does not know its own."""
    known = [each for model in models if (each := model.training_molecules) is not None]
    return TrainingMolecules.union(known) if len(known) == len(models) else None


def _reading(config: Any, sizes: Mapping[str, InputSize]) -> Config:
    """The same network among other inputs: a gate that reads all of the model names them."""
    if isinstance(config, EnsembleConfig):
        members = tuple(_reading(member, sizes) for member in config.members)
        return config.model_copy(update={"members": members})
    gate = getattr(config, "gate", None)
    if gate is None or gate.inputs or not gates[gate.kind].reads_inputs:
        return config  # type: ignore[no-any-return]
    read = gate.model_copy(update={"inputs": tuple(read_by_gate(gate, sizes))})
    return config.model_copy(update={"gate": read})  # type: ignore[no-any-return]


def _rescale(network: Any, own: Standardisation | None, common: Standardisation | None) -> None:
    """Let a network predict in other standard units; only values have any."""
    if own is None or common is None or _same(own, common):
        return
    for member in getattr(network, "members", ()):
        _rescale(member, own, common)
    if (tower := getattr(network, "tower", None)) is not None:
        factor, shift = own.scale / common.scale, (own.center - common.center) / common.scale
        tower.rescale(*(torch.from_numpy(each).float()[tower.owner] for each in (factor, shift)))


def _same(one: Any, other: Any) -> bool:
    """Whether two settings, or two sets of arrays, are equal."""
    if is_dataclass(one) and type(one) is type(other):
        return all(
            np.array_equal(getattr(one, each.name), getattr(other, each.name), equal_nan=True)
            for each in fields(one)
        )
    return bool(one == other)
