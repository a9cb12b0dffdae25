"""Conflict-averse gradient descent (Liu et al., NeurIPS 2021, arXiv 2110.14048)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bioassay_mtl.balance.aggregators.base import TorchJDAggregator
from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.config import Config


class CAGradConfig(Config):
    """Settings of :class:`CAGrad`.

    Parameters
    ----------
    c
        Distance from the mean gradient to look in, as a share of its norm: 0 is the mean itself.
    """

    kind: Literal["cagrad"] = "cagrad"
    c: Annotated[float, Field(ge=0)] = 0.4


@balancers.register("cagrad")
class CAGrad(TorchJDAggregator):
    """The best for the task that gains least, in a ball around the mean gradient."""

    config_class, method = CAGradConfig, "CAGradWeighting"
