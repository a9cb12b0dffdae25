"""Tests over assays and over draws: all comparisons are paired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Scores = NDArray[np.float64]
LEVEL = 0.05


@dataclass(frozen=True)
class Gain:
    """What a method has over a baseline in each assay; p of Wilcoxon's two-sided test."""

    per_assay: Scores
    p: float

    @property
    def mean(self) -> float:
        return float(self.per_assay.mean())

    @property
    def n_improved(self) -> int:
        return int((self.per_assay > 0).sum())

    def verdict(self, corrected_p: float) -> str:
        """``better``, ``worse`` or ``level``: the test, its direction and the mean agree."""
        moved = self.per_assay[self.per_assay != 0]
        signed_ranks = float((np.sign(moved) * stats.rankdata(np.abs(moved))).sum())
        if corrected_p >= LEVEL or signed_ranks * self.mean <= 0:
            return "level"
        return "better" if self.mean > 0 else "worse"


def gain(method: Scores, baseline: Scores) -> Gain:
    """Compare per-assay scores ``(n_assays,)``."""
    difference = method - baseline
    p = float(stats.wilcoxon(difference).pvalue) if np.any(difference) else 1.0
    return Gain(difference, p)


def holm(p: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm, Scand. J. Stat. 6 (1979) 65)."""
    order = np.argsort(p)
    scaled = np.asarray(p)[order] * np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in corrected]


def mean_ranks(scores: Scores) -> Scores:
    """``(n_methods,)`` mean rank over assays of scores ``(n_methods, n_assays)``; 1 is best."""
    ranks: Scores = stats.rankdata(-scores, axis=0).mean(axis=1)
    return ranks


def friedman(scores: Scores) -> float:
    """P-value of the Friedman test that all methods rank alike; 1 for fewer than three."""
    if len(scores) < 3 or np.all(scores == scores[0]):
        return 1.0
    return float(stats.friedmanchisquare(*scores).pvalue)


def critical_difference(n_methods: int, n_assays: int) -> float:
    """Mean ranks that lie further apart differ (Nemenyi; Demsar, JMLR 7 (2006) 1)."""
    q = stats.studentized_range.ppf(1 - LEVEL, n_methods, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(n_methods * (n_methods + 1) / (6 * n_assays)))


@dataclass(frozen=True)
class Difference:
    """Mean, standard error (NaN where it cannot be known) and degrees of freedom."""

    mean: float
    error: float
    freedom: int

    @property
    def interval(self) -> tuple[float, float]:
        """That of 95 %, by Student's t."""
        reach = float(stats.t.ppf(0.975, self.freedom)) * self.error if self.freedom else np.nan
        return self.mean - reach, self.mean + reach

    @property
    def p(self) -> float:
        """That of a mean of 0, two-sided, by Student's t; 1 where the error is not known."""
        if np.isnan(self.error) or not self.mean:
            return 1.0
        if not self.error:
            return 0.0
        return float(2 * stats.t.sf(abs(self.mean) / self.error, self.freedom))

    @property
    def verdict(self) -> str:
        """``above`` or ``below`` by more than a standard error, ``level``, or ``open``."""
        if np.isnan(self.error):
            return "open"
        if abs(self.mean) <= self.error:
            return "level"
        return "above" if self.mean > 0 else "below"


def paired(differences: Sequence[float] | Scores, share: float = 0.0) -> Difference:
    """Mean of differences ``(k,)`` with its standard error.

    Draws of one panel share molecules, for which the error is corrected after Nadeau and Bengio
    (2003): ``share`` is that of molecules held out by molecules learned from; 0 of panels.
    """
    found, k = np.asarray(differences, float), len(differences)
    error = float(np.sqrt((1 / k + share) * found.var(ddof=1))) if k > 1 else float("nan")
    return Difference(float(found.mean()), error, k - 1)
