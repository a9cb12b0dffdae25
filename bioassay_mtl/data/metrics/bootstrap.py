"""Bootstrap over molecules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bioassay_mtl.data.metrics.cells import Cells
from bioassay_mtl.data.metrics.ranking import Floats
from bioassay_mtl.data.metrics.registries import kind_metrics

# Resamples computed at once: few enough that the weights of one assay stay in the cache.
_TOGETHER = 64


def bootstrap(
    cells: Sequence[Cells],
    kinds: Sequence[str],
    names: Sequence[str],
    n_rows: int,
    n_resamples: int,
    seed: int,
) -> Floats:
    """Metrics of resampled molecules, ``(len(names), T, n_resamples)``.

    Each resample draws `n_rows` rows with replacement, the same rows for all assays, so that
    differences between assays and the mean over them keep their correlation. A value is NaN where
    no active, or no inactive, was drawn, or the metric is none of the task's kind. An active drawn
    twice is a tie with itself, which lifts average precision and BEDROC a little where actives are
    few: their intervals lean upwards.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 6.
    """
    generator = np.random.default_rng(seed)
    values = np.full((len(names), len(cells), n_resamples), np.nan)
    for start in range(0, n_resamples, _TOGETHER):
        here = slice(start, min(start + _TOGETHER, n_resamples))
        weights = np.empty((n_rows, here.stop - here.start))
        for column in range(weights.shape[1]):
            drawn = generator.integers(n_rows, size=n_rows)
            weights[:, column] = np.bincount(drawn, minlength=n_rows)
        for task, (kind, some) in enumerate(zip(kinds, cells, strict=True)):
            resampled = some.resampled(weights)
            for name, metric in kind_metrics[kind].items():
                values[names.index(name), task, here] = metric.compute(resampled)
    return values


def percentile_interval(values: Floats, level: float = 0.95) -> Floats:
    """Ends of the central interval over the last axis, NaN values aside, ``(..., 2)``."""
    tails = [50 * (1 - level), 50 * (1 + level)]
    known = np.isfinite(values).any(axis=-1)
    ends = np.full((*values.shape[:-1], 2), np.nan)
    if known.any():
        ends[known] = np.moveaxis(np.nanpercentile(values[known], tails, axis=-1), 0, -1)
    return ends
