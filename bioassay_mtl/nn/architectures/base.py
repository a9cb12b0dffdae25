"""The registry of architectures, and the one way to build one.

An architecture is a module with ``forward(inputs) -> outputs (B, O)``, ``experts(inputs)
-> (B, E, width)``, ``mixing_weights(inputs)``, the ``width``, a ``connections`` buffer ``(T, E)``,
a ``tower`` with a ``bias``, ``outputs`` that tell which of the O belong to which task, and a
``config_class``. A new one is a new file that registers itself here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bioassay_mtl.chem.representation import InputSize
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.registry import Registry, class_of
from bioassay_mtl.tasks.kinds import TaskKind

networks: Registry[Any] = Registry(
    "network", "networks", class_of("torch.nn:Module", settings=True)
)


def network_config(values: Mapping[str, Any] | Config) -> Config:
    """Validate the settings of any registered architecture, by their ``kind``."""
    if isinstance(values, Config):
        return values
    if not isinstance(values, Mapping):
        raise ConfigError(f"network: settings by name are expected, found {values!r}")
    _register()
    config: Config = networks[values.get("kind", "mmoeex")].config_class.of(dict(values))
    return config


def build_network(
    config: Config,
    sizes: Mapping[str, InputSize],
    tasks: Sequence[str],
    kinds: Sequence[TaskKind] = (),
) -> Any:
    """A freshly initialised network; it draws from PyTorch's global generator, unless
    :class:`~bioassay_mtl.nn.draws.Draws` are used.

    ``sizes`` are those of :attr:`Featurizer.input_sizes`; all tasks are binary where no kinds are
    given.
    """
    _register()
    return networks[config.kind](config, sizes, tasks, kinds)  # type: ignore[attr-defined]


def _register() -> None:
    # Late, because it takes PyTorch's seconds of import; settings and help do without.
    from bioassay_mtl.nn.architectures import baselines, ensemble, mmoeex  # noqa: F401
