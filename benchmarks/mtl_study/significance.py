"""Tests over assays: each assay gives every method one score, so all comparisons are paired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
LEVEL = 0.05


@dataclass(frozen=True)
class Gain:
    """What a method has over a baseline.

    Attributes
    ----------
    per_assay : (n_assays,) float
        Differences of the scores.
    p : float
        Two-sided Wilcoxon signed-rank test; 1 where no assay differs.
    """

    per_assay: Scores
    p: float

    @property
    def mean(self) -> float:
        """Mean gain over assays: the difference of the macro means."""
        return float(self.per_assay.mean())

    @property
    def n_improved(self) -> int:
        """Assays that gain."""
        return int((self.per_assay > 0).sum())

    @property
    def rank_sum(self) -> float:
        """Signed-rank sum: above 0 where gains outweigh losses in the test's own terms."""
        from scipy.stats import rankdata

        moved = self.per_assay[self.per_assay != 0]
        return float((np.sign(moved) * rankdata(np.abs(moved))).sum()) if len(moved) else 0.0


def gain(method: Scores, baseline: Scores) -> Gain:
    """Compare per-assay scores ``(n_assays,)``."""
    from scipy.stats import wilcoxon

    difference = method - baseline
    p = float(wilcoxon(difference).pvalue) if np.any(difference) else 1.0
    return Gain(difference, p)


def holm(p: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm, Scand. J. Stat. 6 (1979) 65)."""
    order = np.argsort(p)
    scaled = np.asarray(p)[order] * np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in corrected]


def verdict(found: Gain, corrected_p: float) -> str:
    """``better``, ``worse`` or ``level``: the test, its direction and the macro mean agree."""
    if corrected_p < LEVEL and found.rank_sum > 0 and found.mean > 0:
        return "better"
    if corrected_p < LEVEL and found.rank_sum < 0 and found.mean < 0:
        return "worse"
    return "level"


def mean_ranks(scores: Scores) -> Scores:
    """``(n_methods,)`` mean rank over assays of scores ``(n_methods, n_assays)``; 1 is best."""
    from scipy.stats import rankdata

    ranks: Scores = rankdata(-scores, axis=0).mean(axis=1)
    return ranks


def friedman(scores: Scores) -> float:
    """P-value of the Friedman test that all methods rank alike (at least three)."""
    from scipy.stats import friedmanchisquare

    if np.all(scores == scores[0]):
        return 1.0
    return float(friedmanchisquare(*scores).pvalue)


def critical_difference(n_methods: int, n_assays: int, level: float = LEVEL) -> float:
    """Mean ranks that lie further apart differ (Nemenyi; Demsar, JMLR 7 (2006) 1)."""
    from scipy.stats import studentized_range

    q = studentized_range.ppf(1 - level, n_methods, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(n_methods * (n_methods + 1) / (6 * n_assays)))


def cliques(ranks: Scores, difference: float) -> list[tuple[float, float]]:
    """First and last rank of each largest run of methods that do not differ."""
    ordered = np.sort(ranks)
    runs: list[tuple[float, float]] = []
    for first in ordered:
        last = float(ordered[ordered <= first + difference][-1])
        if last > first and (not runs or last > runs[-1][1]):
            runs.append((float(first), last))
    return runs
