"""Panels that share nothing, or all their experts: each has its own gates and towers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.inputs import InputLinear
from bioassay_mtl.nn.network import Network
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.defaults import inputs_of
from bioassay_mtl.training.together.sharing import Joined, Sharing, sharings
from bioassay_mtl.training.warm_start import expert_groups


@sharings.register("none")
class Apart(Sharing):
    """Each panel learns as it would alone."""

    kind: Literal["none"] = "none"


@sharings.register("trunk")
class Trunk(Sharing):
    """All experts are shared (Caruana 1997): a step of any panel moves them."""

    kind: Literal["trunk"] = "trunk"
    shares_experts: ClassVar[bool] = True

    def settings(self, configs: Mapping[str, TrainingConfig]) -> dict[str, TrainingConfig]:
        check_same_experts(configs)
        return dict(configs)

    def joined(
        self, networks: Mapping[str, Network], configs: Mapping[str, TrainingConfig], seed: int
    ) -> Joined:
        tie(networks)
        return TiedExperts(networks)


class TiedExperts(Joined):
    """Experts that several networks have as one."""

    def __init__(self, networks: Mapping[str, Network]) -> None:
        self._experts = {name: _experts(network) for name, network in networks.items()}

    def record(self, tasks: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Experts by panel: one that several panels name is shared by them."""
        return {"experts": self._experts}


def _experts(network: Network) -> list[str]:
    found = [
        f"{group.config.kind} on {'+'.join(group.config.inputs)}"
        for group in network.groups
        for _ in range(group.config.n)
    ]
    return [f"{number + 1}: {name}" for number, name in enumerate(found)]


def check_same_experts(configs: Mapping[str, TrainingConfig]) -> None:
    """Raise a ConfigError unless all panels have the same experts, reading the same inputs."""
    names = [*configs]
    first = _read(configs[names[0]])
    for name in names[1:]:
        if configs[name].start_from != configs[names[0]].start_from:
            raise ConfigError(
                f"sharing: panels that share experts start from one model, and {name!r} and "
                f"{names[0]!r} have different start_from: give both the same, or none"
            )
        if _read(configs[name]) != first:
            raise ConfigError(
                f"sharing: panels that share experts need the same ones, reading the same inputs; "
                f"those of {name!r} differ from those of {names[0]!r}: give both the same network "
                "and fingerprints, or leave these out; or share otherwise (muir, none)"
            )


def _read(config: TrainingConfig) -> Any:
    groups = [group.model_dump() for _, group in expert_groups(config.network)]
    inputs = {name: config.fingerprints[name] for name in inputs_of(groups)}
    return groups, inputs, config.max_atoms, config.standardize


def tie(networks: Mapping[str, Network], without: Collection[str] = ()) -> None:
    """Give all networks the experts of the first one.

    Parameters
    ----------
    networks
        Networks by panel, of the same groups of experts; changed.
    without
        Names of weights that stay each network's own.
    """
    first, *others = networks.values()
    for other in others:
        for number in range(len(first.groups)):
            tie_group(first, number, other, number, without)


@torch.no_grad()
def tie_group(
    first: Network, number: int, other: Network, place: int, without: Collection[str] = ()
) -> None:
    """Give a network a group of experts of another one.

    Positions of a fingerprint that no molecule of the first panel sets begin as those of the other
    panel, whose molecules may (:mod:`bioassay_mtl.training.start`).

    Parameters
    ----------
    first, number
        The network that has it, and its number there.
    other, place
        The network that gets it, in place of the group of this number.
    without
        Names, in the first network, of weights that stay each network's own.
    """
    group, own = first.groups[number], dict(other.groups[place].named_parameters())
    tables = {id(t) for m in group.modules() if isinstance(m, InputLinear) for t in m.parameters()}
    for name, weight in group.named_parameters():
        if f"groups.{number}.{name}" in without:
            continue
        if id(weight) in tables:
            absent = (weight == 0).all(dim=1)
            weight[absent] = own[name][absent]
        owner, _, leaf = name.rpartition(".")
        other.groups[place].get_submodule(owner)._parameters[leaf] = weight
