"""Rules of networks of low dimension, and their start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from bioassay_mtl.balance.two_step import TwoStepConfig
from bioassay_mtl.config import Config
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.experts import ExpertGroupConfig, GroupConfig
from bioassay_mtl.nn.low_dimensional.layout import Layout
from bioassay_mtl.nn.low_dimensional.settings import LowDimensionalConfig
from bioassay_mtl.nn.outputs import as_outputs
from bioassay_mtl.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from bioassay_mtl.models.model import Model
    from bioassay_mtl.training.config import TrainingConfig


def check_low_dimensional(config: TrainingConfig) -> None:
    """See that a network of low dimension is asked nothing that it cannot do; others may have it.

    Raises
    ------
    ConfigError
        It is; the message says what to do.
    """
    network, balance = config.network, config.balance
    if not isinstance(network, LowDimensionalConfig):
        return
    if config.precision != "float32":
        raise ConfigError(
            f"precision {config.precision}: few numbers move all weights, and are learned in "
            "float32: leave precision out"
        )
    if not network.shares and balance.kind != "sum":  # type: ignore[attr-defined]
        raise ConfigError(
            f"network.form {network.form}: each task learns alone, and there is nothing to balance:"
            " leave out balance, or choose the form 'product' or 'columns'"
        )
    if isinstance(balance, TwoStepConfig) and balance.scope == "all":
        raise ConfigError(
            "two_step: scope 'all' takes a step of each task on everything, and the directions of "
            "a low_dimensional network lie in all of its layers: scope 'task' steps on the "
            "coordinates of each task"
        )
    if network.origin == "model" and config.start_from is None:
        raise ConfigError(
            "network.origin 'model': no model is named: set start_from (--from MODEL), or "
            "leave it out"
        )


def with_read_inputs(config: TrainingConfig) -> TrainingConfig:
    """Settings without inputs that a network of low dimension does not read: it has one group."""
    inputs = config.fingerprints
    read = {name: held for name, held in inputs.items() if may_read(config.network, name)}
    return config if len(read) == len(inputs) else config.model_copy(update={"fingerprints": read})


def may_read(network: Config, name: str) -> bool:
    """Whether a network may read an input: one of low dimension names all that it reads."""
    return not isinstance(network, LowDimensionalConfig) or name in network.inputs


def origin_of(
    network: LowDimensionalConfig,
    model: Model,
    groups: Mapping[str, GroupConfig],
    kinds: Sequence[TaskKind] = (),
) -> Tensor:
    """``(D,)``: theta_0 with the layers of a model's expert, and the head of the seed.

    Parameters
    ----------
    network
        The architecture.
    model
        Model to start from.
    groups
        Groups of experts of the model, by the beginning of their weights' names.
    kinds
        Kind of each task to learn; all binary where none are given.

    Raises
    ------
    ConfigError
        None of its experts has the inputs, width, depth and activation of the network.
    """
    fitting = (place for place, group in groups.items() if _fits(group, network))
    place = next(fitting, None)
    if place is None:
        raise ConfigError(
            f"start_from {model.name!r}: it has no expert of {network.depth} layers of "
            f"{network.width} {network.activation} units on {', '.join(network.inputs)}, which "
            "theta_0 could be: set network.inputs, width, depth and activation to those of one"
        )
    sizes = {name: model.featurizer.input_sizes[name] for name in network.inputs}
    n_heads = max(as_outputs(kinds, max(1, len(kinds))).counts)
    layout = Layout(sizes, network.width, network.depth, n_heads)
    weights = model.network.state_dict()
    h = network.width
    parts = [weights[f"{place}first.tables.{name}"][:, :h] for name in network.inputs]
    parts.append(weights[f"{place}first_bias"][0])
    for layer in range(network.depth - 1):
        parts += [weights[f"{place}layers.{layer}.{name}"][0] for name in ("weight", "bias")]
    taken = torch.cat([part.detach().cpu().flatten() for part in parts])
    origin = torch.from_numpy(layout.origin(network.seed))
    origin[: len(taken)] = taken
    return origin


def _fits(group: GroupConfig, network: LowDimensionalConfig) -> bool:
    same = ("inputs", "width", "depth", "activation")
    return isinstance(group, ExpertGroupConfig) and all(
        getattr(group, name) == getattr(network, name) for name in same
    )
