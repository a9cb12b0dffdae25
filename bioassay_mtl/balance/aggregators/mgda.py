"""Multiple-gradient descent (Sener and Koltun, NeurIPS 2018, arXiv 1810.04650)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bioassay_mtl.balance.aggregators.base import TorchJDAggregator
from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.config import Config


class MGDAConfig(Config):
    """Settings of :class:`MGDA`.

    Parameters
    ----------
    epsilon
        The Frank-Wolfe solver stops at a step smaller than this.
    max_iters
        Most iterations.
    """

    kind: Literal["mgda"] = "mgda"
    epsilon: Annotated[float, Field(gt=0)] = 1e-3
    max_iters: Annotated[int, Field(ge=1)] = 100


@balancers.register("mgda")
class MGDA(TorchJDAggregator):
    """The shortest vector in the convex hull of the tasks' gradients: no task gets worse by it."""

    config_class, method = MGDAConfig, "MGDAWeighting"
