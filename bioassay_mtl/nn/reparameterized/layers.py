"""Layers of a network whose weights can be made of something else: its hidden layers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from torch import nn

from bioassay_mtl.nn.experts.graph import GraphGroupConfig
from bioassay_mtl.nn.experts.stacked import StackedLinear
from bioassay_mtl.nn.network import Network
from bioassay_mtl.nn.reparameterized.blocks import SMALLEST
from bioassay_mtl.nn.reparameterized.settings import Layers
from bioassay_mtl.nn.towers import MLPTower


def hidden_weights(network: Network, layers: Collection[Layers]) -> dict[str, nn.Parameter]:
    """Weights ``(..., inputs, outputs)`` of hidden layers, by their names in the network.

    First layers, which read inputs, last ones, biases and norms are none of them.

    Parameters
    ----------
    network
        Network of experts and a tower.
    layers
        Kinds of layers.
    """
    return dict(_found(network, layers))


def _found(network: Any, layers: Collection[Layers]) -> Iterator[tuple[str, nn.Parameter]]:
    for number, group in enumerate(network.groups):
        kind = "graphs" if isinstance(group.config, GraphGroupConfig) else "experts"
        for name, module in group.named_modules():
            if kind in layers and isinstance(module, StackedLinear) and _is_wide(module.weight):
                yield f"groups.{number}.{name}.weight", module.weight
    if isinstance(network.tower, MLPTower) and "towers" in layers:
        yield "tower.hidden", network.tower.hidden


def _is_wide(weight: nn.Parameter) -> bool:
    """Whether there is anything to cut: scores of a pooling have one output."""
    return min(weight.shape[-2:]) >= SMALLEST


def slowest_factor(network: Network, layers: Collection[Layers]) -> float:
    """Least share of the learning rate at which experts with such layers learn.

    Weights that several of them share move as the most careful one would.
    """
    factors = [
        group.config.learning_rate_factor
        for number, group in enumerate(network.groups)
        if any(name.startswith(f"groups.{number}.") for name in hidden_weights(network, layers))
    ]
    return min(factors, default=1.0)
