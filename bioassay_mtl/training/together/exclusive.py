"""One mixture of experts for all panels, of which some are exclusive to panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any, ClassVar, Literal

import numpy as np

from bioassay_mtl.config import Config, Setting, given_as
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.architectures.mmoeex import MMoEExConfig
from bioassay_mtl.nn.connections import ConnectionConfig, Connections, connection_matrix
from bioassay_mtl.nn.experts import GroupConfig
from bioassay_mtl.nn.network import Network
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.together.sharing import Joined, Sharing, sharings
from bioassay_mtl.training.together.trunk import check_same_experts, tie_group
from bioassay_mtl.training.warm_start import expert_groups


@sharings.register("mmoeex")
class PanelExperts(Sharing):
    """The mixture of MMoEEx (arXiv 2106.10595) with panels in place of tasks.

    A panel's network has the experts that are open to it, each as a group of its own; one that is
    open to several panels is one for them all.

    Parameters
    ----------
    connections
        Connections of experts and panels, as for the assays of one
        (:class:`~bioassay_mtl.nn.connections.ConnectionConfig`): ``exclusivity`` (half of them, by
        default, serve one panel each), ``exclusion``, ``groups`` of panels, or a ``matrix`` of one
        row a panel, in their order, and one column an expert.
    """

    kind: Literal["mmoeex"] = "mmoeex"
    shares_experts: ClassVar[bool] = True
    connections: Setting[ConnectionConfig, ConnectionConfig | Mapping[str, Any]] = given_as(
        {"kind": "exclusivity"}
    )

    def settings(self, configs: Mapping[str, TrainingConfig]) -> dict[str, TrainingConfig]:
        check_same_experts(configs)
        experts = _single(configs[next(iter(configs))].network)
        matrix = self.matrix([*configs], len(experts))
        return {
            name: config.model_copy(update={"network": _with(config, name, experts, is_open)})
            for (name, config), is_open in zip(configs.items(), matrix.tolist(), strict=True)
        }

    def matrix(self, panels: Sequence[str], n_experts: int) -> Connections:
        """``(P, E) bool``: which experts are open to which panel."""
        return connection_matrix(self.connections, panels, n_experts)

    def joined(
        self, networks: Mapping[str, Network], configs: Mapping[str, TrainingConfig], seed: int
    ) -> Joined:
        experts = _single(configs[next(iter(configs))].network)
        return JoinedExperts(self.matrix([*networks], len(experts)), networks)


class JoinedExperts(Joined):
    """Experts, each one for all panels that it is open to."""

    def __init__(self, matrix: Connections, networks: Mapping[str, Network]) -> None:
        self._matrix, self._panels = matrix, [*networks]
        places = np.cumsum(matrix, axis=1) - 1
        for expert, is_open in enumerate(matrix.T):
            served = np.flatnonzero(is_open).tolist()
            first, *others = [
                (networks[self._panels[panel]], int(places[panel, expert])) for panel in served
            ]
            for other in others:
                tie_group(*first, *other)

    def record(self, tasks: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """The connections of panels and experts."""
        return {"connections": dict(zip(self._panels, self._matrix.tolist(), strict=True))}


def _single(network: Config) -> list[GroupConfig]:
    """Every expert of a network as a group of its own."""
    return [
        group.model_copy(update={"n": 1})
        for _, group in expert_groups(network)
        for _ in range(group.n)
    ]


def _with(
    config: TrainingConfig, name: str, experts: Sequence[GroupConfig], is_open: Sequence[bool]
) -> Config:
    """The network of a panel with the experts that are open to it, under its own gate and tower."""
    own = config.network
    if getattr(own, "connections", ConnectionConfig()).kind != "none":
        raise ConfigError(
            f"sharing: the experts of {name!r} are closed to some of its own assays "
            "(network.connections), beside what is closed to panels: leave that out"
        )
    settings = {part: getattr(own, part) for part in ("gate", "tower") if hasattr(own, part)}
    return MMoEExConfig(experts=tuple(compress(experts, is_open)), **settings)
