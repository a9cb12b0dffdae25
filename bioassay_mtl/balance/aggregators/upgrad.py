"""Unconflicting projection of gradients (Quinton and Rey 2024, arXiv 2406.16232)."""

from __future__ import annotations

from typing import Literal

from bioassay_mtl.balance.aggregators.base import TorchJDAggregator
from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.config import Config


class UPGradConfig(Config):
    """No settings."""

    kind: Literal["upgrad"] = "upgrad"


@balancers.register("upgrad")
class UPGrad(TorchJDAggregator):
    """The mean of the gradients, each projected on the cone where no task gets worse."""

    config_class, method = UPGradConfig, "UPGradWeighting"
