"""The Tobit likelihood of values of which some are bounds, for what is fitted whole.

In squares of the noise, so that an exact value has the loss ``(m - z)^2 / 2`` and a second
derivative of 1, as in the least squares of other trees.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

Numbers = NDArray[np.float64]


def tobit_loss(margin: NDArray[Any], z: NDArray[Any], bound: NDArray[Any], noise: float) -> Numbers:
    """``(n,)`` losses.

    Parameters
    ----------
    margin, z
        ``(n,)`` predictions and labels, in standard units.
    bound
        ``(n,)``: 1 where the true value is at or above the label, -1 where at or below, else 0.
    noise
        Standard deviation of a measurement.
    """
    apart = margin.astype(np.float64) - z
    exact = apart**2 / 2
    found: Numbers = np.where(bound == 0, exact, -(noise**2) * log_ndtr(bound * apart / noise))
    return found


def tobit_gradients(
    margin: NDArray[Any], z: NDArray[Any], bound: NDArray[Any], noise: float
) -> tuple[Numbers, Numbers]:
    """``(n,)`` first and second derivatives of :func:`tobit_loss` in the predictions."""
    apart = margin.astype(np.float64) - z
    beyond = bound * apart / noise
    hazard = inverse_mills(beyond)
    slope = np.where(bound == 0, apart, -bound * noise * hazard)
    curvature = np.where(bound == 0, 1.0, hazard * (hazard + beyond))
    return slope, np.clip(curvature, 1e-6, 1.0)


def inverse_mills(u: NDArray[Any]) -> Numbers:
    """``phi(u) / Phi(u)`` of the normal distribution, also far below 0."""
    found: Numbers = np.exp(-(u**2) / 2 - np.log(2 * np.pi) / 2 - log_ndtr(u))
    return found
