"""Space of a hyperparameter search: what varies, and by how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError, MissingExtraError
from bioassay_mtl.nn.architectures.stacked import StackedConfig
from bioassay_mtl.nn.experts import GroupConfig
from bioassay_mtl.nn.fitted.settings import FittedConfig
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.warm_start import expert_groups

if TYPE_CHECKING:
    import optuna

WIDTHS = (0.25, 0.5, 1.0, 1.5)
"""Shares of the given width."""


def search_space(
    config: TrainingConfig, *, fixed: bool = False
) -> dict[str, optuna.distributions.BaseDistribution]:
    """Space around the given settings; epochs are left to early stopping.

    The learning rate and the weight decay from a tenth to three times (log-uniform; about 0.1 where
    the decay is 0), the dropout of experts from 0 to 0.7, and their width (:data:`WIDTHS`), which a
    warm start fixes; experts given another dropout or width than the first keep it. With ``fixed``
    the network is not searched at all.

    Raises
    ------
    ConfigError
        The network is one of trees.
    """
    if isinstance(config.network, FittedConfig | StackedConfig):
        raise ConfigError(
            f"no setting of network.kind {config.network.kind} is searched: the search varies what "
            "gradient steps and experts depend on"
        )
    found = import_optuna().distributions
    rate, decay = config.learning_rate, config.weight_decay or 0.1
    space: dict[str, Any] = {
        "learning_rate": found.FloatDistribution(rate / 10, rate * 3, log=True),
        "weight_decay": found.FloatDistribution(decay / 10, decay * 3, log=True),
    }
    if fixed:
        return space
    given = _of_experts(config.network)
    if "dropout" in given:
        space["dropout"] = found.FloatDistribution(0.0, 0.7)
    if config.start_from is None:
        widths = sorted({max(4, round(given["width"] * share)) for share in WIDTHS})
        space["width"] = found.CategoricalDistribution(widths)
    return space


def given_settings(config: TrainingConfig, space: Mapping[str, Any]) -> dict[str, Any]:
    """The point of the space where the given settings lie."""
    given = _of_experts(config.network)
    point = {
        "learning_rate": config.learning_rate,
        "weight_decay": config.weight_decay or 0.1,
        "dropout": min(given.get("dropout", 0.0), 0.7),
        "width": given["width"],
    }
    return {name: value for name, value in point.items() if name in space}


def with_settings(config: TrainingConfig, settings: Mapping[str, Any]) -> TrainingConfig:
    """Settings of a trial."""
    of_experts = {name: settings[name] for name in ("dropout", "width") if name in settings}
    rest = {name: value for name, value in settings.items() if name not in of_experts}
    return config.model_copy(update={**rest, "network": _with_groups(config.network, of_experts)})


def _with_groups(network: Config, settings: Mapping[str, Any]) -> Config:
    given = _of_experts(network)

    def changed(group: GroupConfig) -> GroupConfig:
        alike = {k: v for k, v in settings.items() if getattr(group, k, None) == given[k]}
        return group.model_copy(update=alike)

    field = "experts" if hasattr(network, "experts") else "bottom"
    groups = getattr(network, field)
    new = changed(groups) if isinstance(groups, GroupConfig) else tuple(map(changed, groups))
    return network.model_copy(update={field: new})


def _of_experts(network: Config) -> dict[str, Any]:
    """Width and dropout of the first experts that have them."""
    found: dict[str, Any] = {}
    for _, group in expert_groups(network):
        for name in {"width", "dropout"} & set(type(group).model_fields):
            found.setdefault(name, getattr(group, name))
    return found


def import_optuna() -> Any:
    """Optuna, which an extra brings.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import optuna
    except ModuleNotFoundError:
        raise MissingExtraError("optuna", "tune") from None
    return optuna
