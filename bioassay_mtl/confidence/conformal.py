"""Conformal prediction from predictions of molecules that nobody had learned from.

Under exchangeability only: molecules of another kind than the panel's have no such promise (Vovk,
Gammerman and Shafer 2005, Algorithmic learning in a random world).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.confidence.grid import ScoreCounts

Floats = NDArray[np.float64]


def inactive_p_values(counts: ScoreCounts) -> NDArray[np.float32]:
    """The conformal p-value of "not active" at each place of the grid.

    ``(1 + #{inactives said to be as active}) / (1 + #{inactives})``: for an inactive molecule it is
    at most u with probability at most u (Mondrian by class: the share of actives in a library does
    not matter).

    Parameters
    ----------
    counts
        Score counts of T tasks.

    Returns
    -------
    ``(T, N_PLACES) float32``, falling with the place.
    """
    as_active = np.cumsum(counts.inactive[:, ::-1], axis=1)[:, ::-1]
    found = (1 + as_active) / (1 + counts.inactive.sum(axis=1, keepdims=True))
    return np.asarray(found, np.float32)


def errors(predicted: Floats, values: Floats, bounds: NDArray[np.int8] | None = None) -> Floats:
    """Distance of measured values from predictions, at least.

    Parameters
    ----------
    predicted, values
        ``(m,)``.
    bounds
        ``(m,)``: 1 where the true value is at or above the measured one, -1 where at or below. What
        agrees with such a bound is no error.
    """
    away = values - predicted
    if bounds is None:
        return np.abs(away)
    away = np.where(bounds > 0, np.maximum(away, 0), away)
    return np.abs(np.where(bounds < 0, np.minimum(away, 0), away))


def half_width(errors: Floats, level: float) -> float:
    """Half width of an interval that holds a share ``level`` of new measurements.

    The k-th smallest error, ``k = ceil((m + 1) level)`` (split conformal: Lei et al. 2018,
    Distribution-free predictive inference for regression); infinite where there are too few.
    """
    k = int(np.ceil((len(errors) + 1) * level - 1e-9))
    if k > len(errors):
        return float("inf")
    return float(np.partition(errors, k - 1)[k - 1])
