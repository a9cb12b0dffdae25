"""The registry of architectures, and the one way to build one.

An architecture is a module with what a :class:`~bioassay_mtl.nn.network.Network` has and a
``config_class``; its ``connections`` are a buffer. A new one is a new file, and its
line in the registry here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    WrapSerializer,
)

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.network import Network
from bioassay_mtl.registry import Registry, class_of
from bioassay_mtl.tasks.kinds import TaskKind

# Each is imported when it is asked for: settings and help do without PyTorch's seconds of import.
networks: Registry[Any] = Registry(
    "network",
    "networks",
    class_of("torch.nn:Module", settings=True),
    homes={
        "mmoeex": "bioassay_mtl.nn.architectures.mmoeex",
        "mmoe": "bioassay_mtl.nn.architectures.baselines",
        "shared_bottom": "bioassay_mtl.nn.architectures.baselines",
        "ensemble": "bioassay_mtl.nn.architectures.ensemble",
        "low_dimensional": "bioassay_mtl.nn.architectures.low_dimensional",
        "boosted_trees": "bioassay_mtl.nn.architectures.trees",
        "forest": "bioassay_mtl.nn.architectures.trees",
        "linear": "bioassay_mtl.nn.architectures.linear",
        "stacked": "bioassay_mtl.nn.architectures.stacked",
    },
)


def network_config(values: Mapping[str, Any] | Config) -> Config:
    """Validate the settings of any registered architecture, by their ``kind``."""
    if isinstance(values, Config):
        return values
    if not isinstance(values, Mapping):
        raise ConfigError(f"network: settings by name are expected, found {values!r}")
    if values.get("kind", "mmoeex") == "mmoeex" and _is_stacked(values.get("gate")):
        values = {**values, "kind": "stacked"}
    config: Config = networks[values.get("kind", "mmoeex")].config_class.of(dict(values))
    return config


def _named(config: Any, settings: SerializerFunctionWrapHandler) -> dict[str, Any]:
    # Where defaults are left out, the kind must still tell whose they are.
    return {"kind": config.kind, **settings(config)}


AnyNetwork = Annotated[
    SerializeAsAny[Config], BeforeValidator(network_config), WrapSerializer(_named)
]
"""The settings of a network of any kind, as a part of those of another."""


def _is_stacked(gate: Any) -> bool:
    """Whether gates are to be fitted after the experts: then a mixture is a stacked one."""
    return isinstance(gate, Mapping) and gate.get("kind") == "stacked"


def build_network(
    config: Config,
    sizes: Mapping[str, InputSize],
    tasks: Sequence[str],
    kinds: Sequence[TaskKind] = (),
) -> Network:
    """A freshly initialized network; it draws from PyTorch's global generator, unless
    :class:`~bioassay_mtl.nn.draws.Draws` are used.

    ``sizes`` are those of :attr:`Featurizer.input_sizes`; all tasks are binary where no kinds are
    given.
    """
    network: Network = networks[config.kind](  # type: ignore[attr-defined]
        config, sizes, tasks, kinds
    )
    return network
