"""Warm start: experts of a trained model under new gates and towers, or a model as it is.

What experts learned to see in molecules is kept; what tasks make of it is learned anew. The experts
go on learning, at a share of the learning rate, so that a small panel does not overwrite them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.folder import read_config
from bioassay_mtl.models.folder_checks import WEIGHTS
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.scaling import FeatureScaler
from bioassay_mtl.models.shipped import find_model
from bioassay_mtl.nn.architectures.base import network_config
from bioassay_mtl.nn.experts import GroupConfig
from bioassay_mtl.nn.low_dimensional.settings import LowDimensionalConfig
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.target_scaling import TargetScaler
from bioassay_mtl.training.config import TrainingConfig, default_network
from bioassay_mtl.training.low_dimensional import origin_of

LEARNING_RATE_FACTOR = 0.1
"""Share of their learning rate at which transferred experts learn, unless settings say another."""

_FREE = ("dropout", "learning_rate_factor")
"""Settings of a group that its weights do not depend on."""


@dataclass(frozen=True)
class WarmStart:
    """Start of a run from a model.

    Parameters
    ----------
    name, sha256
        Name of the model, and hash of its file of weights.
    weights
        Weights of the transferred experts, under their names in the new network.
    scalings
        Scalers of the real-valued inputs that these experts read.
    target_scaler
        Scaler of values, where the weights of towers are taken over, too.
    training_molecules
        Training molecules of the model, where the run goes on where its own ended; None where these
        are not known.
    is_whole
        Whether all weights are taken over.
    """

    name: str
    sha256: str
    weights: Mapping[str, Tensor]
    scalings: Mapping[str, FeatureScaler]
    target_scaler: TargetScaler | None = None
    training_molecules: TrainingMolecules | None = None
    is_whole: bool = False

    @property
    def source(self) -> dict[str, str]:
        """Record of the start in :attr:`Model.training`."""
        return {"name": self.name, "weights_sha256": self.sha256}


def with_start(config: TrainingConfig) -> TrainingConfig:
    """The settings, completed by the inputs, the largest molecule and the experts of
    ``start_from``, as far as they do not set these themselves.

    Raises
    ------
    ModelFolderError
        There is no such model.
    """
    if config.start_from is None:
        return config
    known = read_config(find_model(config.start_from))
    featurizer = Featurizer.from_config(known["featurizer"])
    taken = TrainingConfig(
        fingerprints={name: f.model_dump() for name, f in featurizer.fingerprints.items()},
        max_atoms=featurizer.max_atoms,
        standardize=featurizer.standardize,
    )
    inputs = config if "fingerprints" in config.model_fields_set else taken
    groups = [group for _, group in expert_groups(network_config(known["network"]))]
    if not groups:
        raise ConfigError(
            f"start_from {config.start_from!r}: it has no experts to start from, which learn on "
            "(trees are fitted whole): join models instead, or choose another"
        )
    if isinstance(config.network, LowDimensionalConfig):
        network: Config = config.network.model_copy(update={"origin": "model"})
    elif "network" in config.model_fields_set:
        network = _with_slow(config.network, groups)
    else:
        network = default_network(inputs.fingerprints).model_copy(
            update={"experts": tuple(map(_slow, groups))}
        )
    found = {
        "fingerprints": taken.fingerprints,
        "max_atoms": taken.max_atoms,
        "standardize": taken.standardize,
    }
    unset = {key: value for key, value in found.items() if key not in config.model_fields_set}
    return config.model_copy(update={**unset, "network": network})


def _slow(group: GroupConfig) -> GroupConfig:
    # Experts that were transferred before do not get slower each time.
    usual = type(group).model_fields["learning_rate_factor"].default
    factor = LEARNING_RATE_FACTOR * max(group.learning_rate_factor, usual)
    return group.model_copy(update={"learning_rate_factor": factor})


def _with_slow(network: Config, sources: Sequence[GroupConfig]) -> Config:
    """A given network, slow in the groups that start with experts and say nothing of their rate."""
    groups = dict(expert_groups(network))
    starting = {*_places(sources, groups)}
    found = tuple(
        _slow(group)
        if place in starting and "learning_rate_factor" not in group.model_fields_set
        else group
        for place, group in groups.items()
    )
    for name in ("experts", "bottom"):
        if held := getattr(network, name, None):
            is_one = isinstance(held, GroupConfig)
            return network.model_copy(update={name: found[0] if is_one else found})
    return network


def _places(sources: Iterable[GroupConfig], groups: Mapping[str, GroupConfig]) -> list[str | None]:
    """For each source, the first group that it can start, and no other starts; or None."""
    free, found = dict(groups), []
    for source in sources:
        place = next((place for place, group in free.items() if _fits(source, group)), None)
        found.append(place)
        if place is not None:
            del free[place]
    return found


def warm_start(config: TrainingConfig, kinds: Sequence[TaskKind] = ()) -> WarmStart | None:
    """The experts to start from; None without ``start_from``.

    Each group of the model goes to the first group of the new network that has the same settings,
    but for dropout and learning rate. Other groups of the new network start afresh. A network of
    low dimension takes one expert for theta_0, with a head for tasks of the ``kinds`` (all binary
    where none are given).

    Raises
    ------
    ConfigError
        A group of the model has no place in the new network, or reads another input.
    """
    if config.start_from is None:
        return None
    folder = find_model(config.start_from)
    model = Model.load(folder)
    weights = model.network.state_dict()
    groups = dict(expert_groups(config.network))
    sources = dict(expert_groups(model.network_config))
    own = config.network.inputs if isinstance(config.network, LowDimensionalConfig) else ()
    read = dict.fromkeys(own or (name for group in sources.values() for name in group.inputs))
    _check_inputs(config, model, read)
    if isinstance(config.network, LowDimensionalConfig):
        digest = read_config(folder)["sha256"][WEIGHTS]
        origin = {"space.origin": origin_of(config.network, model, sources, kinds)}
        return WarmStart(model.name, digest, origin, _scalings_of(model, read))
    places = _places(sources.values(), groups)
    taken: dict[str, Tensor] = {}
    for (source, group), place in zip(sources.items(), places, strict=True):
        if place is None:
            left = [_text(other) for name, other in groups.items() if name not in places]
            raise ConfigError(
                f"start_from {config.start_from!r}: its experts {_text(group)} have no place in "
                f"the network, which has {'; '.join(left) or 'no others'}: "
                "leave out the setting network, or repeat these experts in it"
            )
        taken |= {
            place + name.removeprefix(source): weight
            for name, weight in weights.items()
            if name.startswith(source)
        }
    return WarmStart(
        model.name,
        read_config(folder)["sha256"][WEIGHTS],
        taken,
        _scalings_of(model, read),
    )


def _scalings_of(model: Model, read: Mapping[str, None]) -> dict[str, FeatureScaler]:
    return {name: scaling for name, scaling in model.scalings.items() if name in read}


def start_of(config: TrainingConfig, panel: Panel, model: Model | None) -> WarmStart | None:
    """Start of a run: all weights of a model, or the experts of ``start_from``, or afresh."""
    return whole_start(model, config, panel) if model else warm_start(config, panel.kinds)


def whole_start(model: Model, config: TrainingConfig, panel: Panel) -> WarmStart:
    """All weights of a model: the run goes on where that of the model ended.

    Raises
    ------
    ConfigError
        The model has other tasks, inputs or another network than the run.
    """
    if (model.tasks, model.kinds) != (panel.tasks, panel.kinds):
        raise ConfigError("a run that goes on needs the model's tasks, in their order")
    prints = {name: f.model_dump() for name, f in model.featurizer.fingerprints.items()}
    if prints != config.fingerprints or model.network_config != config.network:
        raise ConfigError("a run that goes on needs the model's settings: fingerprints, network")
    weights = {name: weight.detach().cpu() for name, weight in model.network.state_dict().items()}
    digest = sha256_of(weights)
    return WarmStart(
        model.name,
        digest,
        weights,
        model.scalings,
        model.target_scaler,
        model.training_molecules,
        is_whole=True,
    )


def sha256_of(weights: Mapping[str, Tensor]) -> str:
    """Hash of weights one after another, as hexadecimal text."""
    digest = hashlib.sha256()
    for weight in weights.values():
        digest.update(weight.detach().cpu().numpy().tobytes())
    return digest.hexdigest()


def expert_groups(network: Config, prefix: str = "") -> Iterator[tuple[str, GroupConfig]]:
    """Every group of experts of an architecture, by the beginning of its weights' names."""
    for number, member in enumerate(getattr(network, "members", ())):
        yield from expert_groups(member, f"{prefix}members.{number}.")
    experts = getattr(network, "experts", None) or getattr(network, "bottom", None) or ()
    for number, group in enumerate((experts,) if isinstance(experts, GroupConfig) else experts):
        yield f"{prefix}groups.{number}.", group


def _fits(group: GroupConfig, other: GroupConfig) -> bool:
    one, two = (each.model_dump(exclude=set(_FREE)) for each in (group, other))
    return one == two


def _check_inputs(config: TrainingConfig, model: Model, read: Mapping[str, None]) -> None:
    for name in read:
        if name not in model.featurizer.fingerprints:
            raise ConfigError(f"start_from {config.start_from!r}: it reads no input {name!r}")
        theirs = model.featurizer.fingerprints[name].model_dump()
        ours = config.fingerprints.get(name)
        if ours is None:
            raise ConfigError(
                f"start_from {config.start_from!r}: its experts read an input {name!r}, and the "
                f"settings have {', '.join(config.fingerprints)}: leave out the setting "
                "fingerprints, or add that input"
            )
        if differing := sorted(key for key, value in theirs.items() if ours.get(key) != value):
            raise ConfigError(
                f"start_from {config.start_from!r}: its experts read an input {name!r} with other "
                "settings: " + ", ".join(f"{key} {theirs[key]!r}" for key in differing)
            )


def _text(group: GroupConfig) -> str:
    said = {*_FREE, "kind", "inputs"}
    settings = group.model_dump(mode="json")
    inside = ", ".join(f"{key} {value}" for key, value in settings.items() if key not in said)
    return f"{group.kind} on {'+'.join(group.inputs)} ({inside})"
