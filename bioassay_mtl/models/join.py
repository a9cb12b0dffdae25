"""Several models as one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.companions import joined_beside
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.architectures.base import build_network
from bioassay_mtl.nn.architectures.ensemble import EnsembleConfig
from bioassay_mtl.nn.architectures.mmoeex import read_by_gate
from bioassay_mtl.nn.architectures.stacked import StackedConfig
from bioassay_mtl.nn.draws import Draws
from bioassay_mtl.nn.gates import gates
from bioassay_mtl.tasks.target_scaling import TargetScaler


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
        Name of the new model; empty for that of the first. Counts, annotations and training are the
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
        if model.featurizer.standardize != first.featurizer.standardize:
            raise ConfigError(f"join: model {number} standardizes molecules otherwise than model 1")
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
                naming_inputs(model.network_config, model.featurizer.input_sizes)
                for model in models
            ],
            "weights": None if weights is None else tuple(weights),
        }
    )
    max_atoms = min(model.featurizer.max_atoms for model in models)
    featurizer = replace(first.featurizer, fingerprints=fingerprints, max_atoms=max_atoms)
    with Draws(0).used():  # for weights that are replaced
        network: Any = build_network(config, featurizer.input_sizes, first.tasks, first.kinds)
    for member, model in zip(network.members, models, strict=True):
        member.load_state_dict(model.network.state_dict())
        member.connections.copy_(model.network.connections)
        _rescale(member, model.target_scaler, first.target_scaler)
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
        target_scaler=first.target_scaler,
        training_molecules=_molecules_of_all(models),
        beside=joined_beside([model.beside for model in models]),
    )


def _molecules_of_all(models: Sequence[Model]) -> TrainingMolecules | None:
    """Training molecules of all models; None where one does not know its own."""
    known = [each for model in models if (each := model.training_molecules) is not None]
    return TrainingMolecules.union(known) if len(known) == len(models) else None


def naming_inputs(config: Any, sizes: Mapping[str, InputSize]) -> Config:
    """The same network among other inputs: a gate that reads all of the model names them."""
    if isinstance(config, EnsembleConfig | StackedConfig):
        members = tuple(naming_inputs(member, sizes) for member in config.members)
        return config.model_copy(update={"members": members})
    gate = getattr(config, "gate", None)
    if gate is None or gate.inputs or not gates[gate.kind].reads_inputs:
        return config  # type: ignore[no-any-return]
    read = gate.model_copy(update={"inputs": tuple(read_by_gate(gate, sizes))})
    return config.model_copy(update={"gate": read})  # type: ignore[no-any-return]


def _rescale(network: Any, own: TargetScaler | None, common: TargetScaler | None) -> None:
    """Let a network predict in other standard units; only values have any."""
    if own is None or common is None or _same(own, common):
        return
    factor, shift = own.scale / common.scale, (own.center - common.center) / common.scale
    owner = network.outputs.owner
    _changed(network, *(torch.from_numpy(each).float()[owner] for each in (factor, shift)))


def _changed(network: Any, factor: Tensor, shift: Tensor) -> None:
    """Let a network give ``factor * output + shift``, both ``(O,)``."""
    if hasattr(network, "rescale"):
        network.rescale(factor, shift)
    elif (tower := getattr(network, "tower", None)) is not None:
        tower.rescale(factor, shift)
    else:
        for member in network.members:
            _changed(member, factor, shift)


def _same(one: Any, other: Any) -> bool:
    """Whether two settings, or two sets of arrays, are equal."""
    if is_dataclass(one) and type(one) is type(other):
        return all(
            np.array_equal(getattr(one, each.name), getattr(other, each.name), equal_nan=True)
            for each in fields(one)
        )
    return bool(one == other)
