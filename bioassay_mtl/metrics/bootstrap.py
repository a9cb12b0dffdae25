"""Bootstrap over molecules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bioassay_mtl.metrics.cells import Cells
from bioassay_mtl.metrics.metric import UNLIMITED, Limits
from bioassay_mtl.metrics.ranking import Floats
from bioassay_mtl.metrics.registries import kind_metrics

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
    few (:func:`bootstrap_interval` takes that off).

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
                if name in names:
                    values[names.index(name), task, here] = metric.compute(resampled)
    return values


def bootstrap_interval(
    values: Floats, estimate: Floats, limits: Limits = UNLIMITED, level: float = 0.95
) -> Floats:
    """Ends of the central interval of resampled values around their estimate, ``(..., 2)``.

    Some metrics are larger on resamples than on the molecules themselves: repeated molecules widen
    the gap of a calibration error and lift an average precision. The percentiles of the resamples
    then exclude the estimate. So these are moved until the median of the resamples is the estimate:
    their bias is taken off, their spread stays, and the estimate lies inside.

    Parameters
    ----------
    values
        ``(..., R)`` of R resamples; NaN where not defined, which do not count.
    estimate
        ``(...)`` on the molecules themselves; where it is NaN, so are the ends.
    limits
        Least and largest value possible: the ends stay between.
    level
        Share of the resamples inside.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 10 (estimates of bias)
    and 13 (percentile intervals).
    """
    points = [50 * (1 - level), 50, 50 * (1 + level)]
    estimate = np.asarray(estimate, dtype=np.float64)
    known = np.isfinite(values).any(axis=-1) & np.isfinite(estimate)
    ends = np.full((*values.shape[:-1], 2), np.nan)
    if known.any():
        low, middle, high = np.nanpercentile(values[known], points, axis=-1)
        center = estimate[known]
        moved = np.stack([center - (middle - low), center + (high - middle)], axis=-1)
        ends[known] = np.clip(
            moved, np.minimum(limits[0], center)[:, None], np.maximum(limits[1], center)[:, None]
        )
    return ends
