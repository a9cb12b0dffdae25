"""Panels that share nothing, or all their experts: each has its own gates and towers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

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

    def joined(self, networks: Mapping[str, Network], seed: int) -> Joined:
        tie(networks)
        return TiedExperts(networks)


class TiedExperts(Joined):
    """Experts that several networks have as one."""

    def __init__(self, networks: Mapping[str, Network]) -> None:
        self._experts = {name: _experts(network) for name, network in networks.items()}

    def record(self) -> dict[str, Any]:
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
        if _read(configs[name]) != first:
            raise ConfigError(
                f"sharing: panels that share experts need the same ones, reading the same inputs; "
                f"those of {name!r} differ from those of {names[0]!r}: give both the same network "
                "and fingerprints, or leave these out; or share otherwise (muir, none)"
            )


def _read(config: TrainingConfig) -> Any:
    groups = [group.model_dump() for _, group in expert_groups(config.network)]
    inputs = {name: config.fingerprints[name] for name in inputs_of(groups)}
    return groups, inputs, config.max_atoms, config.standardise


@torch.no_grad()
def tie(networks: Mapping[str, Network], without: Collection[str] = ()) -> None:
    """Give all networks the experts of the first one.

    Positions of a fingerprint that no molecule of the first panel sets begin as those of another
    panel, whose molecules do (:mod:`bioassay_mtl.training.start`).

    Parameters
    ----------
    networks
        By panel; changed.
    without
        Names of weights that stay each network's own.
    """
    first, *others = networks.values()
    shared = {
        name: weight
        for name, weight in first.named_parameters()
        if name.startswith("groups.") and name not in without
    }
    tables = {id(t) for m in first.modules() if isinstance(m, InputLinear) for t in m.parameters()}
    for other in others:
        own = dict(other.named_parameters())
        for name, weight in shared.items():
            if id(weight) in tables:
                absent = (weight == 0).all(dim=1)
                weight[absent] = own[name][absent]
            place(other, name, weight)


def place(network: Any, name: str, weight: Tensor) -> None:
    """Put a weight where a network has another of this name."""
    owner, _, leaf = name.rpartition(".")
    network.get_submodule(owner)._parameters[leaf] = weight
