"""Fair resource allocation (Ban and Ji, ICML 2024, arXiv 2402.15638)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bioassay_mtl.balance.aggregators.base import TorchJDAggregator
from bioassay_mtl.balance.balancer import balancers
from bioassay_mtl.config import Config


class FairGradConfig(Config):
    """Settings of :class:`FairGrad`.

    Parameters
    ----------
    alpha
        Kind of fairness: 0 the plain mean, 1 proportional, 2 least potential delay, and so on to
        max-min.
    max_iters
        Most iterations of the solver; None for 100 a task.
    """

    kind: Literal["fairgrad"] = "fairgrad"
    alpha: Annotated[float, Field(ge=0)] = 1.0
    max_iters: Annotated[int, Field(ge=1)] | None = None


@balancers.register("fairgrad")
class FairGrad(TorchJDAggregator):
    """``w`` with ``G w = w^(-1 / alpha)``: alpha-fair shares of the update among the tasks."""

    config_class, method = FairGradConfig, "FairGradWeighting"
