"""A metric: a small function on a :class:`Ranking`, callable on masked labels."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.metrics.ranking import Floats, Ranking
from bioassay_mtl.registry import Registry, function

logger = logging.getLogger(__name__)

Compute = Callable[..., Floats]
Limits = tuple[float, float]

UNLIMITED: Limits = (-math.inf, math.inf)


@dataclass(frozen=True)
class Metric:
    """One number per assay.

    Parameters
    ----------
    name
        Name in tables.
    compute
        Map from a :class:`Ranking` of R resamples (and settings), ``(R,)``.
    limits
        Least and largest value that it can have: intervals end there.
    """

    name: str
    compute: Compute
    limits: Limits = UNLIMITED

    def __post_init__(self) -> None:
        object.__setattr__(self, "__module__", getattr(self.compute, "__module__", ""))

    def __call__(
        self, labels: NDArray[Any], scores: NDArray[np.floating[Any]], **settings: float
    ) -> Floats:
        """One value per assay over its measured molecules, NaN where it is not defined.

        Parameters
        ----------
        labels
            ``(n, T)``, or ``(n,)`` for one assay: 1 active, 0 inactive, -1 not measured.
        scores
            The same shape; for calibration metrics probabilities of being active.

        Returns
        -------
        ndarray
            ``(T,)``.
        """
        labels, scores = (np.asarray(a).reshape(len(a), -1) for a in (labels, scores))
        if labels.shape != scores.shape:
            raise ValueError(f"labels {labels.shape} and scores {scores.shape} differ in shape")
        columns = zip(labels.T, np.ascontiguousarray(scores.T), strict=True)
        values = [self.compute(Ranking.of(y, s), **settings)[0] for y, s in columns]
        return np.array(values, dtype=np.float64)


def as_metric(name: str, found: Any) -> Metric:
    """The metric of another package: where it fails, values are not defined, and a warning tells.

    Parameters
    ----------
    name
        Name in tables.
    found
        A :class:`Metric`, or a function as :attr:`Metric.compute` is one.

    Raises
    ------
    TypeError
        It is neither.
    """
    given = found if isinstance(found, Metric) else Metric(name, function(name, found))
    compute = given.compute
    told: set[str] = set()

    @wraps(compute)
    def guarded(cells: Any, **settings: float) -> Floats:
        expected = cells.weights.shape[1:]
        try:
            values = np.asarray(compute(cells, **settings), dtype=np.float64)
            if values.shape != expected:
                raise ValueError(f"found values {values.shape}, and {expected} are expected")
        except Exception as error:  # it was installed, not asked for: it must not end a training
            fault = f"{type(error).__name__}: {error}"
            if fault not in told:
                told.add(fault)
                logger.warning("metric %r of %s is not defined: %s", name, given.__module__, fault)
            return np.full(expected, np.nan)
        return values

    return replace(given, name=name, compute=guarded)


metrics: Registry[Metric] = Registry("metric", "metrics", as_metric)


def metric(name: str, limits: Limits = UNLIMITED) -> Callable[[Compute], Metric]:
    """Decorator: register a function on a :class:`Ranking` as a :class:`Metric`."""

    def wrap(compute: Compute) -> Metric:
        made = Metric(name, compute, limits)
        object.__setattr__(made, "__doc__", compute.__doc__)
        return metrics.register(name)(made)

    return wrap
