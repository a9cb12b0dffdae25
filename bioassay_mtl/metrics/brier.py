"""Brier score."""

from __future__ import annotations

from bioassay_mtl.metrics.metric import metric
from bioassay_mtl.metrics.ranking import Floats, Ranking, quiet


@metric("brier", limits=(0, 1))
def brier(ranking: Ranking) -> Floats:
    """Mean squared difference between probability and label; lower is better.

    References
    ----------
    Brier, Monthly Weather Review 78 (1950) 1 (half of the score defined there).
    """
    error = ranking.scores.astype("float64") - ranking.active
    with quiet():
        scores: Floats = (error**2 @ ranking.weights) / ranking.weights.sum(axis=0)
    return scores
