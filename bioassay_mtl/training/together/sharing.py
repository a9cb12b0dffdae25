"""The registry of what panels can share, and the contract of each way.

A way of sharing is a :class:`Sharing` (its settings, which make a :class:`Joined` of the networks
of all panels); a new one is a new file, and its line in the registry here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from bioassay_mtl.config import Config
from bioassay_mtl.nn.network import Network
from bioassay_mtl.nn.reparameterized.attached import Made
from bioassay_mtl.registry import Registry, settings_of
from bioassay_mtl.training.config import TrainingConfig


class Joined:
    """Sharing among the networks of some panels while they train; by itself, nothing."""

    def made(self, panel: str) -> Made | None:
        """Maker of some weights of a panel's network; None where they learn by themselves."""
        return None

    def step(self, number: int, n_steps: int) -> None:
        """Callback before each step of any panel, which is counted from 0 over the whole run."""

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Tensors that a checkpoint keeps beside the panels' own, by name."""
        return iter(())

    def state(self) -> dict[str, Any]:
        """State that a checkpoint keeps beside tensors."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Callback when all tensors are those of a checkpoint."""

    def record(self, tasks: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Record of what is shared, for the report; plain values.

        Parameters
        ----------
        tasks
            Names of the tasks of each panel.
        """
        return {}


class Sharing(Config):
    """Sharing among panels; see :class:`~bioassay_mtl.training.together.settings.TogetherConfig`.

    Parameters
    ----------
    kind
        Registered name of the kind.
    """

    kind: str
    shares_experts: ClassVar[bool] = False
    """Whether all panels have the same inputs and experts."""

    def settings(self, configs: Mapping[str, TrainingConfig]) -> dict[str, TrainingConfig]:
        """Settings of the panels, whole, as this way of sharing has them.

        Raises
        ------
        ConfigError
            It cannot share what these have.
        """
        return dict(configs)

    def joined(
        self, networks: Mapping[str, Network], configs: Mapping[str, TrainingConfig], seed: int
    ) -> Joined:
        """Let networks share; they are changed.

        Parameters
        ----------
        networks
            Networks by panel, as they begin.
        configs
            Settings that :meth:`settings` was given.
        seed
            Seed of what is drawn.
        """
        return Joined()


sharings: Registry[type[Sharing]] = Registry(
    "sharing",
    homes={
        "none": "bioassay_mtl.training.together.trunk",
        "trunk": "bioassay_mtl.training.together.trunk",
        "mmoeex": "bioassay_mtl.training.together.exclusive",
        "adapters": "bioassay_mtl.training.together.adapters",
        "muir": "bioassay_mtl.training.together.muir",
    },
)


def sharing_config(values: str | Mapping[str, Any] | Sharing) -> Sharing:
    """A way of sharing by its name, or by a mapping of settings with its ``kind``."""
    if isinstance(values, Sharing):
        return values
    return settings_of(sharings, values, "adapters")
