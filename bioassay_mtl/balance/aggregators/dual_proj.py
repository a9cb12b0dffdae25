"""Projection on the dual cone (Lopez-Paz and Ranzato, NeurIPS 2017, arXiv 1706.08840)."""

from __future__ import annotations

from typing import Literal

from bioassay_mtl.balance.aggregators.base import TorchJDAggregator
from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.config import Config


class DualProjConfig(Config):
    """No settings."""

    kind: Literal["dual_proj"] = "dual_proj"


@balancers.register("dual_proj")
class DualProj(TorchJDAggregator):
    """The mean gradient, projected on the cone where no task gets worse."""

    config_class, method = DualProjConfig, "DualProjWeighting"
