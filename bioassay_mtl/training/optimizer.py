"""The optimizer of a run: how fast which weights learn and decay, and when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bioassay_mtl.nn.low_dimensional.settings import LowDimensionalConfig
from bioassay_mtl.nn.network import Network
from bioassay_mtl.training.config import TrainingConfig


def build_optimizer(
    network: Network, balancer: nn.Module, config: TrainingConfig, without: Sequence[Tensor] = ()
) -> torch.optim.Optimizer:
    """AdamW of :func:`parameter_groups`."""
    groups = parameter_groups(network, balancer, config, without)
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)


def parameter_groups(
    network: Network, balancer: nn.Module, config: TrainingConfig, without: Sequence[Tensor] = ()
) -> list[dict[str, Any]]:
    """All that learns, by ``weight_decay`` and ``factor`` of the learning rate.

    Biases, and what a balancer learns, do not decay; gates, and networks of low dimension, as their
    own setting says. Weights that something else makes (`without`) are left out.
    """
    left_out = {id(weight) for weight in without}
    factors = {
        parameter: group.config.learning_rate_factor
        for group in network.groups
        for parameter in group.parameters()
    }
    groups: dict[tuple[float, float], list[Tensor]] = {}
    usual, rate = config.weight_decay, 1.0
    if isinstance(config.network, LowDimensionalConfig):
        usual = config.network.weight_decay
        rate = 1.0 if config.network.form == "free" else config.network.learning_rate_factor
    for name, parameter in network.named_parameters():
        if id(parameter) in left_out:
            continue
        decay = usual
        if name.startswith("gate."):
            decay = network.gate.config.weight_decay
        factor = factors.get(parameter, rate)
        if name.endswith("bias"):
            decay, factor = 0.0, factors.get(parameter, 1.0)
        groups.setdefault((decay, factor), []).append(parameter)
    if learned := list(balancer.parameters()):
        groups.setdefault((0.0, 1.0), []).extend(learned)
    return [
        {"params": members, "weight_decay": decay, "factor": factor}
        for (decay, factor), members in groups.items()
    ]


def schedule(config: TrainingConfig, step: int, n_steps: int) -> float:
    """Share of the learning rate at one step (from 0) of ``n_steps``."""
    warmup = max(1.0, config.warmup * n_steps)
    rise = min(1.0, (step + 1) / warmup)
    progress = min(1.0, step / max(1, n_steps))
    fall = {
        "cosine": 0.5 * (1 + math.cos(math.pi * progress)),
        "linear": 1 - progress,
        "constant": 1.0,
    }[config.schedule]
    return rise * (0.02 + 0.98 * fall)
