"""An architecture: the mean of as many experts as there are inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.config import Config
from bioassay_mtl.nn.architectures.base import networks
from bioassay_mtl.nn.architectures.mmoeex import MMoEEx, MMoEExConfig
from bioassay_mtl.tasks import TaskKind


class MeanConfig(Config):
    kind: Literal["toy_mean"] = "toy_mean"
    width: int = 16


@networks.register("toy_mean")
class Mean(MMoEEx):
    config_class = MeanConfig

    def __init__(
        self,
        config: MeanConfig,
        sizes: Mapping[str, InputSize],
        tasks: Sequence[str],
        kinds: Sequence[TaskKind] = (),
    ) -> None:
        groups = [{"inputs": (name,), "n": 1, "width": config.width} for name in sizes]
        full = MMoEExConfig.of({"experts": groups, "gate": {"kind": "uniform"}})
        super().__init__(full, sizes, tasks, kinds)
