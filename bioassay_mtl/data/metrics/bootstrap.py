"""Bootstrap over molecules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bioassay_mtl.data.metrics.metric import Metric
from bioassay_mtl.data.metrics.ranking import Floats, Ranking

# Resamples computed at once: few enough that the weights of one assay stay in the cache.
_TOGETHER = 64


def bootstrap(
    rankings: Sequence[Ranking],
    metrics: Sequence[Metric],
    n_rows: int,
    n_resamples: int,
    seed: int,
) -> Floats:
    """Metrics of resampled molecules, ``(len(metrics), T, n_resamples)``.

    Each resample draws `n_rows` rows with replacement, the same rows for all assays, so that
    differences between assays and the mean over them keep their correlation. A value is NaN where
    no active, or no inactive, was drawn. An active drawn twice is a tie with itself, which lifts
    average precision and BEDROC a little where actives are few: their intervals lean upwards.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 6.
    """
    generator = np.random.default_rng(seed)
    values = np.empty((len(metrics), len(rankings), n_resamples))
    for start in range(0, n_resamples, _TOGETHER):
        here = slice(start, min(start + _TOGETHER, n_resamples))
        weights = np.empty((n_rows, here.stop - here.start))
        for column in range(weights.shape[1]):
            drawn = generator.integers(n_rows, size=n_rows)
            weights[:, column] = np.bincount(drawn, minlength=n_rows)
        for task, ranking in enumerate(rankings):
            resampled = ranking.resampled(weights)
            for place, metric in enumerate(metrics):
                values[place, task, here] = metric.compute(resampled)
    return values


def percentile_interval(values: Floats, level: float = 0.95) -> Floats:
    """Ends of the central interval over the last axis, NaN values aside, ``(..., 2)``."""
    tails = [50 * (1 - level), 50 * (1 + level)]
    known = np.isfinite(values).any(axis=-1)
    ends = np.full((*values.shape[:-1], 2), np.nan)
    if known.any():
        ends[known] = np.moveaxis(np.nanpercentile(values[known], tails, axis=-1), 0, -1)
    return ends
