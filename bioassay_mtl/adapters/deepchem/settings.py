"""Arguments of DeepChem's multitask networks, as settings of this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deepchem.models import optimizers

from bioassay_mtl.adapters.deepchem.rates import rate_at
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.architectures.stacked import StackedConfig
from bioassay_mtl.nn.experts.base import activations
from bioassay_mtl.nn.fitted.settings import FittedConfig
from bioassay_mtl.training.config import TrainingConfig

_LAYERS = ("layer_sizes", "dropouts", "activation_fns", "residual")

_ANSWERS = {
    "weight_decay_penalty": "weights decay by weight_decay (of AdamW, 1.0 unless set)",
    "weight_decay_penalty_type": "weights decay by weight_decay (of AdamW, 1.0 unless set)",
    "regularization_loss": "weights decay by weight_decay (of AdamW, 1.0 unless set)",
    "weight_init_stddevs": "weights are drawn to the width of their layer: leave it out",
    "bias_init_consts": "the biases of tasks start at their base rates: leave it out",
    "uncertainty": "no variances are predicted: fit several with seed=0, 1, 2, ... and look at how "
    "far their predictions scatter",
    "output_types": "predictions and embeddings are found by predict and predict_embedding",
    "wandb": "give a wandb_logger=dc.models.WandbLogger(...)",
}
"""Mark in place of an argument that has no meaning here."""

_NOTHING = {"weight_decay_penalty_type": "l2", "uncertainty": False, "wandb": False}
"""Values that ask for nothing; None does, too."""


@dataclass(frozen=True)
class Settings:
    """Settings that the arguments of a model stand for.

    Parameters
    ----------
    config
        Settings of :class:`~bioassay_mtl.training.config.TrainingConfig`.
    checked
        The same, with what is not set at its default.
    layers
        Width, depth, dropout and activation of all experts that are MLPs.
    optimizer
        Optimizer of ``dc.models.optimizers``; None for AdamW with the decays of the settings.
    schedule
        Schedule of ``dc.models.optimizers``; None for that of the settings.
    """

    config: dict[str, Any]
    checked: TrainingConfig
    layers: dict[str, Any] = field(default_factory=dict)
    optimizer: Any = None
    schedule: Any = None

    @staticmethod
    def of(given: Mapping[str, Any]) -> Settings:
        """Arguments translated.

        Raises
        ------
        ConfigError
            One is unknown, out of its range, or has no counterpart: the message has what stands in
            its place.
        """
        config = dict(given)
        for name, answer in _ANSWERS.items():
            value = config.pop(name, None)
            if value is not None and value != _NOTHING.get(name):
                if name == "weight_decay_penalty" and value == 0:
                    config.setdefault("weight_decay", 0.0)
                    continue
                raise ConfigError(f"{name} is no setting of this model: {answer}")
        layers = _layers({name: config.pop(name) for name in _LAYERS if name in config})
        if layers and "network" in config:
            raise ConfigError("network says all of the layers: leave out layer_sizes and dropouts")
        optimizer = config.pop("optimizer", None)
        schedule = _rates(config, optimizer)
        if config.get("device") is not None:
            config["device"] = str(config["device"]).removesuffix(":0")
        else:
            config.pop("device", None)
        checked = TrainingConfig.of(config)  # faults show now, not after hours of featurizing
        if checked.devices not in (1, "auto"):
            raise ConfigError("devices: a model of DeepChem trains on one; bm.train takes several")
        if isinstance(checked.network, FittedConfig | StackedConfig):
            raise ConfigError(
                f"network.kind {checked.network.kind}: a model of DeepChem is trained step by "
                "step, and trees and stacked experts take none; bm.train trains them"
            )
        if "effort" in checked.model_fields_set and checked.effort != "quick":
            raise ConfigError(
                f"effort {checked.effort}: a model of DeepChem is one network, trained step by "
                "step: bm.train trains several kinds of experts"
            )
        return Settings(config, checked, layers, optimizer, schedule)

    def network(self, network: Config) -> Config:
        """A network with the layers that were asked for.

        Raises
        ------
        ConfigError
            None of its experts has such layers.
        """
        if not self.layers:
            return network
        groups = getattr(network, "experts", ())
        changed = tuple(
            group.model_copy(update=self.layers) if group.kind == "mlp" else group
            for group in groups
        )
        if not any(group.kind == "mlp" for group in changed):
            raise ConfigError("layer_sizes, dropouts: the network has no experts of such layers")
        return network.model_copy(update={"experts": changed})


def _rates(config: dict[str, Any], optimizer: Any) -> Any:
    """The schedule of DeepChem, if any; the settings have its first rate then."""
    rate = config.get("learning_rate")
    if optimizer is not None:
        if not isinstance(optimizer, optimizers.Optimizer):
            raise ConfigError(f"optimizer: one of dc.models.optimizers is expected: {optimizer!r}")
        if isinstance(optimizer, optimizers.KFAC | optimizers.SparseAdam):
            raise ConfigError(f"optimizer: {type(optimizer).__name__} does not fit this network")
        if rate is not None:
            raise ConfigError("learning_rate: the optimizer brings its own; give one of the two")
        rate = optimizer.learning_rate
    if isinstance(rate, optimizers.LearningRateSchedule):
        config["learning_rate"] = rate_at(rate, 0)
        config |= {"schedule": "constant", "warmup": 0.0}
        return rate
    if optimizer is not None:
        config["learning_rate"] = rate
        config.setdefault("schedule", "constant")
        config.setdefault("warmup", 0.0)
    return None


def _layers(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "layer_sizes" in given:
        found["width"] = _one("layer_sizes", given["layer_sizes"], "width")
        found["depth"] = len(given["layer_sizes"])
    if "dropouts" in given:
        found["dropout"] = float(_one("dropouts", given["dropouts"], "dropout"))
    if "activation_fns" in given:
        function = _one("activation_fns", given["activation_fns"], "activation")
        name = function if isinstance(function, str) else getattr(function, "__name__", "")
        found["activation"] = activations.known(name.lower())
    if given.get("residual") is False and found.get("depth", 2) > 1:
        raise ConfigError("residual: layers after the first add to their input, always")
    return found


def _one(name: str, given: Any, setting: str) -> Any:
    """The value that all layers have."""
    values = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    if not values or any(value != values[0] for value in values):
        raise ConfigError(
            f"{name}: the layers of an expert are alike, one value for all is expected, found "
            f"{given!r}; experts may differ: network={{'kind': 'mmoeex', 'experts': [{{'inputs': "
            f"['features'], 'n': 2, '{setting}': ...}}, ...]}}"
        )
    return values[0]
