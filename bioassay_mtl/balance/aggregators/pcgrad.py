"""Gradient surgery (Yu et al., NeurIPS 2020, arXiv 2001.06782)."""

from __future__ import annotations

from typing import Literal

from bioassay_mtl.balance.aggregators.base import GramianAggregator
from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.config import Config


class PCGradConfig(Config):
    """No settings."""

    kind: Literal["pcgrad"] = "pcgrad"


@balancers.register("pcgrad")
class PCGrad(GramianAggregator):
    """Each gradient loses its projections on the others, in random order, where they conflict."""

    config_class, method = PCGradConfig, "PCGradWeighting"
