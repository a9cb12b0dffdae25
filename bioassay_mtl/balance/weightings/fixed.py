"""Weights that stay as the user gave them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.balance.weightings.base import LossWeighting
from bioassay_mtl.config import Config, did_you_mean
from bioassay_mtl.errors import ConfigError

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FixedConfig(Config):
    """Settings of :class:`Fixed`.

    Parameters
    ----------
    weights
        Weights by task name (tasks that are not named weigh 1), or one for each task in their
        order.
    """

    kind: Literal["fixed"] = "fixed"
    weights: dict[str, Weight] | tuple[Weight, ...]


@balancers.register("fixed")
class Fixed(LossWeighting):
    """``lambda_t`` given; 0 leaves a task out.

    Raises
    ------
    ConfigError
        A task is unknown, or the number of weights is not that of the tasks.
    """

    config_class = FixedConfig
    given: Tensor

    def __init__(self, config: Any, tasks: Sequence[str]) -> None:
        super().__init__(config, tasks)
        self.register_buffer("given", torch.tensor(_in_order(config.weights, tasks)))

    def weights(self, losses: Tensor, present: Tensor) -> Tensor:
        return self.given


def _in_order(
    weights: dict[str, float] | tuple[float, ...], tasks: Sequence[str]
) -> Sequence[float]:
    if not isinstance(weights, dict):
        if len(weights) != len(tasks):
            raise ConfigError(f"fixed: {len(tasks)} weights are needed, found {len(weights)}")
        return weights
    for name in weights:
        if name not in tasks:
            raise ConfigError(f"fixed: unknown task {name!r} ({did_you_mean(name, tasks)})")
    return [weights.get(task, 1.0) for task in tasks]
