"""Registries of the metrics of each task type."""

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
"""Metrics by the name of a kind."""


def metrics_of(kind: str) -> Registry[Metric]:
    """Metrics of a kind, which may be new."""
    if kind not in kind_metrics:
        kind_metrics[kind] = Registry("metric", f"metrics.{kind}", as_metric)
    return kind_metrics[kind]


def kind_metric(name: str, *kinds: str, limits: Limits = UNLIMITED) -> Callable[[Compute], Compute]:
    """Decorator: register a function as a metric of some task types."""

    def wrap(compute: Compute) -> Compute:
        for kind in kinds:
            metrics_of(kind).register(name)(Metric(name, compute, limits))
        return compute

    return wrap
