"""Links between a forest's predictions, probabilities and values, and outputs of a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from bioassay_mtl.registry import Registry

_LEAST = 1e-7


class Link(NamedTuple):
    """Means of leaves ``(..., k)`` of a task to its outputs, and back."""

    to_outputs: Callable[[Tensor], Tensor]
    from_outputs: Callable[[Tensor], Tensor]


def _log_odds(probabilities: Tensor) -> Tensor:
    return torch.logit(probabilities.double().clamp(_LEAST, 1 - _LEAST)).float()


def _logarithm(probabilities: Tensor) -> Tensor:
    return probabilities.clamp_min(_LEAST).log()


def _softmax(outputs: Tensor) -> Tensor:
    return outputs.softmax(dim=-1)


def _itself(values: Tensor) -> Tensor:
    return values


forest_links: Registry[Link] = Registry("task type of a forest")
"""Links by the kind of the task."""
forest_links.register("binary")(Link(_log_odds, torch.sigmoid))
forest_links.register("ordinal")(Link(_log_odds, torch.sigmoid))
forest_links.register("multiclass")(Link(_logarithm, _softmax))
forest_links.register("regression")(Link(_itself, _itself))
forest_links.register("censored")(Link(_itself, _itself))
