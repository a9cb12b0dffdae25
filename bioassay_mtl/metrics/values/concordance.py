"""Concordance index of values of which some are known by a bound only."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.metrics.ranking import Floats, quiet
from bioassay_mtl.metrics.registries import kind_metric
from bioassay_mtl.metrics.values.measured import Values

_CELLS_AT_ONCE = 1 << 22


@kind_metric("concordance", "censored", limits=(0, 1))
def concordance(values: Values) -> Floats:
    """Chance that of two molecules whose order is known the higher one is predicted higher.

    A value known from below (``>``) stands anywhere from its label up, one known from above (``<``)
    anywhere down from it. A pair counts where the highest place of the one is below the lowest
    place of the other; at one and the same label an exact value is below a ``>`` and above a
    ``<``, as in survival analysis, and two exact values do not count. Equal predictions count
    half. One half is chance; not defined without such a pair.

    References
    ----------
    Harrell et al., JAMA 247 (1982) 2543.
    """
    lowest = np.where(values.bounds < 0, -np.inf, values.labels)
    highest = np.where(values.bounds > 0, np.inf, values.labels)
    m, n_resamples = values.weights.shape
    pairs, won = np.zeros(n_resamples), np.zeros(n_resamples)
    size = max(1, _CELLS_AT_ONCE // max(1, m))
    for start in range(0, m, size):
        here = slice(start, start + size)
        below = highest[here, None] < lowest
        one_is_a_bound = (values.bounds[here, None] != 0) | (values.bounds != 0)
        below |= (highest[here, None] == lowest) & one_is_a_bound
        rise = values.predictions - values.predictions[here, None]
        score = below * ((rise > 0) + 0.5 * (rise == 0))
        weights = values.weights[here]
        pairs += (weights * (below.astype(np.float64) @ values.weights)).sum(axis=0)
        won += (weights * (score @ values.weights)).sum(axis=0)
    with quiet():
        found: Floats = np.where(pairs > 0, won / pairs, np.nan)
    return found
