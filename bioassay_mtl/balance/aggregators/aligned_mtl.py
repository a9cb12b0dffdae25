"""Independent component alignment (Senushkin et al., CVPR 2023, arXiv 2305.19000)."""

from __future__ import annotations

from typing import Literal

from bioassay_mtl.balance.aggregators.base import TorchJDAggregator
from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.config import Config


class AlignedMTLConfig(Config):
    """Settings of :class:`AlignedMTL`.

    Parameters
    ----------
    scale_mode
        All principal components get the scale of the smallest (``min``), the ``median``, or the
        mean (``rmse``).
    """

    kind: Literal["aligned_mtl"] = "aligned_mtl"
    scale_mode: Literal["min", "median", "rmse"] = "min"


@balancers.register("aligned_mtl")
class AlignedMTL(TorchJDAggregator):
    """The mean of the gradients after their principal components are made equally large."""

    config_class, method = AlignedMTLConfig, "AlignedMTLWeighting"
