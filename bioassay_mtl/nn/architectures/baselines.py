"""Baselines: plain MMoE and the shared bottom, with the interface of MMoEEx."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import field_validator

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.config import Config
from bioassay_mtl.nn.architectures.base import networks
from bioassay_mtl.nn.architectures.mmoeex import MMoEEx, MMoEExConfig
from bioassay_mtl.nn.experts import AnyGroup, GroupConfig
from bioassay_mtl.nn.gates import GateConfig
from bioassay_mtl.nn.towers import TowerConfig
from bioassay_mtl.tasks.kinds import TaskKind


class MMoEConfig(Config):
    """Architecture of :class:`MMoE`: one group of experts, open to every task."""

    kind: Literal["mmoe"] = "mmoe"
    experts: AnyGroup
    gate: GateConfig = GateConfig()
    tower: TowerConfig = TowerConfig()


@networks.register("mmoe")
class MMoE(MMoEEx):
    """Multi-gate mixture of experts (Ma et al., KDD 2018, doi 10.1145/3219819.3220007)."""

    config_class = MMoEConfig

    def __init__(
        self,
        config: MMoEConfig,
        sizes: Mapping[str, InputSize],
        tasks: Sequence[str],
        kinds: Sequence[TaskKind] = (),
    ) -> None:
        full = MMoEExConfig(experts=(config.experts,), gate=config.gate, tower=config.tower)
        super().__init__(full, sizes, tasks, kinds)


class SharedBottomConfig(Config):
    """Architecture of :class:`SharedBottom`: one network (``n: 1``) read by every tower."""

    kind: Literal["shared_bottom"] = "shared_bottom"
    bottom: AnyGroup
    tower: TowerConfig = TowerConfig()

    @field_validator("bottom")
    @classmethod
    def _one_network(cls, bottom: GroupConfig) -> GroupConfig:
        return bottom.model_copy(update={"n": 1})


@networks.register("shared_bottom")
class SharedBottom(MMoEEx):
    """Hard parameter sharing (Caruana 1997): one expert, which every task reads whole."""

    config_class = SharedBottomConfig

    def __init__(
        self,
        config: SharedBottomConfig,
        sizes: Mapping[str, InputSize],
        tasks: Sequence[str],
        kinds: Sequence[TaskKind] = (),
    ) -> None:
        full = MMoEExConfig(experts=(config.bottom,), tower=config.tower)
        super().__init__(full, sizes, tasks, kinds)
