"""A metric of binary tasks: actives among the ten molecules with the highest scores."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.metrics.ranking import Floats, Ranking


def hits_in_ten(ranking: Ranking) -> Floats:
    """``(R,)``: share of actives among the first ten, of each of R resamples."""
    place = np.cumsum(ranking.weights, axis=0)  # a molecule drawn twice takes two places
    taken = np.clip(10 - (place - ranking.weights), 0, ranking.weights)
    total = taken.sum(axis=0)
    found = taken[ranking.active].sum(axis=0)
    return np.divide(found, total, out=np.full(total.shape, np.nan), where=total > 0)
