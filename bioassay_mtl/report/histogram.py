"""Histograms that grow with a stream, in memory that does not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST = 1e-4
"""Probabilities below it share the first bin."""

PER_DECADE = 10


class ProbabilityHistogram:
    """Counts of probabilities in C columns, in bins of equal factors.

    Parameters
    ----------
    n_columns
        C.
    """

    def __init__(self, n_columns: int) -> None:
        self.n_bins = round(-np.log10(LEAST)) * PER_DECADE
        self.counts = np.zeros((n_columns, self.n_bins), dtype=np.int64)
        self.edges = 10.0 ** (np.arange(self.n_bins + 1) / PER_DECADE + np.log10(LEAST))

    def add(self, values: NDArray[np.float32]) -> None:
        """Take in ``(n, C)`` probabilities, none of them NaN."""
        place = (np.log10(np.maximum(values, LEAST)) - np.log10(LEAST)) * PER_DECADE
        _count(self.counts, np.clip(place, 0, self.n_bins - 1).astype(np.int64))


class ValueHistogram:
    """Counts of any values in C columns; a range doubles, and pairs of bins merge, as it must.

    Parameters
    ----------
    n_columns
        C.
    n_bins
        Number of bins in each column; even.
    """

    def __init__(self, n_columns: int, n_bins: int = 40) -> None:
        self.n_bins = n_bins
        self.counts = np.zeros((n_columns, n_bins), dtype=np.int64)
        self.low = np.full(n_columns, np.nan)
        self.width = np.full(n_columns, np.nan)
        self.least = np.full(n_columns, np.nan)
        self.most = np.full(n_columns, np.nan)

    def add(self, values: NDArray[np.float32]) -> None:
        """Take in ``(n, C)`` finite values."""
        if not values.size:
            return
        least, most = values.min(axis=0).astype(np.float64), values.max(axis=0).astype(np.float64)
        self.least, self.most = np.fmin(self.least, least), np.fmax(self.most, most)
        new = np.isnan(self.low)
        span = most - least
        span = np.where(span > 0, span, np.maximum(np.abs(least), 1) * 0.1) * 1.001
        self.width[new] = span[new] / self.n_bins
        self.low[new] = least[new]
        beyond = ~new & ((least < self.low) | (most >= self._high))
        for column in np.flatnonzero(beyond).tolist():
            while most[column] >= self._high[column]:
                self._double(column, upwards=True)
            while least[column] < self.low[column]:
                self._double(column, upwards=False)
        place = ((values - self.low) / self.width).astype(np.int64)
        _count(self.counts, np.clip(place, 0, self.n_bins - 1))

    @property
    def _high(self) -> NDArray[np.float64]:
        high: NDArray[np.float64] = self.low + self.n_bins * self.width
        return high

    def _double(self, column: int, *, upwards: bool) -> None:
        merged = self.counts[column].reshape(-1, 2).sum(axis=1)
        empty = np.zeros(self.n_bins - len(merged), dtype=np.int64)
        if not upwards:
            self.low[column] -= self.n_bins * self.width[column]
        self.counts[column] = np.concatenate([merged, empty] if upwards else [empty, merged])
        self.width[column] *= 2


def _count(counts: NDArray[np.int64], bins: NDArray[np.int64]) -> None:
    """Add to ``counts (C, B)`` the bins of ``(n, C)`` values."""
    n_columns, n_bins = counts.shape
    flat = (bins + np.arange(n_columns) * n_bins).ravel()
    counts += np.bincount(flat, minlength=counts.size).reshape(counts.shape)
