"""Rank correlation."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.metrics.ranking import Floats, quiet
from bioassay_mtl.metrics.registries import kind_metric
from bioassay_mtl.metrics.values.measured import Values


@kind_metric("spearman", "regression", "censored", limits=(-1, 1))
def spearman(values: Values) -> Floats:
    """Correlation of ranks, ties having their mean rank; of censored tasks over exact values.

    Equal to SciPy's ``spearmanr``; not defined where all values, or all predictions, are equal.

    References
    ----------
    Spearman, American Journal of Psychology 15 (1904) 72.
    """
    exact = values.exact
    x, y = (_ranks(of, exact.weights) for of in (exact.labels, exact.predictions))
    x, y = x - exact.mean(x), y - exact.mean(y)
    with quiet():
        product = np.sqrt(exact.mean(x**2) * exact.mean(y**2))
        found: Floats = np.where(product > 0, exact.mean(x * y) / product, np.nan)
    return found


def _ranks(values: Floats, weights: Floats) -> Floats:
    """``(m, R)`` mean ranks of ``values (m,)`` that were drawn as often as ``weights (m, R)``."""
    _, place = np.unique(values, return_inverse=True)
    drawn = np.zeros((place.max(initial=-1) + 1, weights.shape[1]))
    np.add.at(drawn, place, weights)
    through = drawn.cumsum(axis=0)
    return (through - drawn / 2)[place]
