"""Expected calibration error."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.metrics.metric import metric
from bioassay_mtl.metrics.ranking import Floats, Ranking, quiet


@metric("calibration_error", limits=(0, 1))
def calibration_error(ranking: Ranking, n_bins: int = 15) -> Floats:
    """Mean difference between the share of actives and the probability; lower is better.

    The absolute difference is taken in each bin and averaged over bins by their molecules. Bins of
    the probability of being active have equal width and are closed below:
    ``[0, 1/15), [1/15, 2/15), ..., [14/15, 1]``.

    References
    ----------
    Naeini, Cooper and Hauskrecht, AAAI 2015; Guo et al., ICML 2017.
    """
    scores = ranking.scores.astype(np.float64)
    gap = np.zeros((n_bins, len(scores)))
    bins = np.minimum((scores * n_bins).astype(np.int64), n_bins - 1)
    gap[bins, np.arange(len(scores))] = ranking.active - scores
    with quiet():
        errors: Floats = np.abs(gap @ ranking.weights).sum(axis=0) / ranking.weights.sum(axis=0)
    return errors
