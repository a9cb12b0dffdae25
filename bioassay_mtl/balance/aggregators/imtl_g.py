"""Impartial multi-task learning, gradient part (Liu et al., ICLR 2021, openreview IMPnRXEWpvr)."""

from __future__ import annotations

from typing import Literal

from bioassay_mtl.balance.aggregators.base import TorchJDAggregator
from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.config import Config


class IMTLGConfig(Config):
    """No settings."""

    kind: Literal["imtl_g"] = "imtl_g"


@balancers.register("imtl_g")
class IMTLG(TorchJDAggregator):
    """The combination (weights sum to 1) with equal projections on all gradients."""

    config_class, method = IMTLGConfig, "IMTLGWeighting"
