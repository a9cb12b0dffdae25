"""Which metrics a kind of task has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bioassay_mtl.metrics.metric import (
    UNLIMITED,
    Compute,
    Limits,
    Metric,
    as_metric,
    metrics,
)
from bioassay_mtl.registry import Registry

MetricT = TypeVar("MetricT", bound=Metric)

kind_metrics: dict[str, Registry[Metric]] = {
    "binary": metrics,
    **{
        name: Registry("metric", f"metrics.{name}", as_metric)
        for name in ("multiclass", "ordinal", "regression", "censored")
    },
}
"""By the name of a kind."""


def kind_metric(name: str, *kinds: str, limits: Limits = UNLIMITED) -> Callable[[Compute], Compute]:
    """Decorator: register a function as a metric of some kinds of tasks."""

    def wrap(compute: Compute) -> Compute:
        for kind in kinds:
            kind_metrics[kind].register(name)(Metric(name, compute, limits))
        return compute

    return wrap
