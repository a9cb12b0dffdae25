"""A metric: a small function on a :class:`Ranking`, callable on masked labels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.data.metrics.ranking import Floats, Ranking
from bioassay_mtl.registry import Registry

Compute = Callable[..., Floats]
Limits = tuple[float, float]

UNLIMITED: Limits = (-math.inf, math.inf)


@dataclass(frozen=True)
class Metric:
    """One number per assay.

    Parameters
    ----------
    name
        As in tables.
    compute
        From a :class:`Ranking` of R resamples (and settings), ``(R,)``.
    limits
        Least and largest value that it can have: intervals end there.
    """

    name: str
    compute: Compute
    limits: Limits = UNLIMITED

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


metrics: Registry[Metric] = Registry("metric")


def metric(name: str, limits: Limits = UNLIMITED) -> Callable[[Compute], Metric]:
    """Decorator: register a function on a :class:`Ranking` as a :class:`Metric`."""

    def wrap(compute: Compute) -> Metric:
        made = Metric(name, compute, limits)
        object.__setattr__(made, "__doc__", compute.__doc__)
        return metrics.register(name)(made)

    return wrap
