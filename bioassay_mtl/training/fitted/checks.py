"""Settings that networks which are fitted whole obey, and those that they refuse."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.fitted.settings import FittedConfig

if TYPE_CHECKING:
    from bioassay_mtl.training.config import TrainingConfig

OF_STEPS = {
    "average",
    "batch_size",
    "decoupled",
    "epochs",
    "expert_loss",
    "gradient_clip",
    "learning_rate",
    "patience",
    "precision",
    "reduction",
    "schedule",
    "task_weights",
    "warmup",
    "weight_decay",
}
"""Settings of gradient steps, and of what tasks weigh in them."""


def check_given(config: TrainingConfig, given: Collection[str]) -> None:
    """See that nothing was set that a fitted network cannot obey; others may have anything.

    Whole settings may say how steps are taken: nothing tells there what a user has set.

    Raises
    ------
    ConfigError
        Something was; the message names it.
    """
    if not isinstance(config.network, FittedConfig) or set(given) == {*type(config).model_fields}:
        return
    check_settings(config)
    if set_in_vain := sorted(OF_STEPS & set(given)):
        raise ConfigError(
            f"network.kind {config.network.kind}: it is fitted whole, not trained by steps, and "
            f"{', '.join(set_in_vain)} cannot be obeyed: leave it out (its settings are "
            "those of network)"
        )


def check_settings(config: TrainingConfig) -> None:
    """Refuse settings that networks which are fitted whole cannot obey.

    Raises
    ------
    ConfigError
        There is such a setting; the message names it.
    """
    kind = config.network.kind  # type: ignore[attr-defined]
    refused = {
        "start_from": config.start_from is not None,
        "balance": config.balance.kind != "sum",  # type: ignore[attr-defined]
        "loss": config.loss.kind != "bce",
        "sampling": config.sampling.kind != "uniform",
        "value_loss.huber": config.value_loss.huber is not None,
        "devices": config.devices not in (1, "auto"),
        "device": config.device not in ("auto", "cpu"),
    }
    if wrong := [name for name, is_set in refused.items() if is_set]:
        raise ConfigError(
            f"network.kind {kind}: it is fitted on the processor, each task on its own, and "
            f"not by gradient steps; there {' and '.join(wrong)} cannot be obeyed: leave it out"
        )
