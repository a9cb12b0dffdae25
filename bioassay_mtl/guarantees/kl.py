"""The divergence between two coins, and its inverse."""

from __future__ import annotations

import math

_STEPS = 200


def binary_kl(q: float, p: float) -> float:
    """``kl(q || p) = q ln(q/p) + (1 - q) ln((1-q)/(1-p))``, in nats; 0 ln 0 is 0."""
    if (q > 0 and p <= 0) or (q < 1 and p >= 1):
        return math.inf
    first = q * math.log(q / p) if q > 0 else 0.0
    second = (1 - q) * math.log((1 - q) / (1 - p)) if q < 1 else 0.0
    return max(0.0, first + second)


def kl_inverse(rate: float, c: float) -> float:
    """The largest p from `rate` to 1 with ``kl(rate || p) <= c``.

    Found by bisection and rounded up: what it returns is never below.

    Parameters
    ----------
    rate
        Rate, from 0 to 1.
    c
        Bound of the divergence in nats, at least 0.

    Raises
    ------
    ValueError
        A number is out of its range.

    Examples
    --------
    >>> round(kl_inverse(0.0, 0.1), 6)  # 1 - exp(-0.1)
    0.095163
    """
    if not (0 <= rate <= 1 and c >= 0):
        raise ValueError(f"a rate from 0 to 1 and c >= 0 are expected, found {rate} and {c}")
    low, high = rate, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if binary_kl(rate, middle) <= c else (low, middle)
    return high
