"""Complexity of a model in a bound: the length of its code."""

from __future__ import annotations

import math


def delimited_bits(bits: float) -> float:
    """Length of a code that tells its own end: the code, and twice the logarithm of its length.

    Then no code begins another, and Kraft's inequality holds: the sum of 2^-length over all models
    is at most 1. Shorter ones are filled up to 2 bits.
    """
    bits = max(2.0, bits)
    return bits + 2 * math.log2(bits)


def complexity(bits: float, delta: float, n_searched: int = 1) -> float:
    """``C = length ln 2 + ln(1 / delta)``, in nats.

    Parameters
    ----------
    bits
        Length of the model's code, counts and codebooks in it, without what delimits it.
    delta
        Chance with which the bound may be wrong.
    n_searched
        Number of settings that were tried: which one was taken is told by ``log2`` of it.

    Raises
    ------
    ValueError
        A number is out of its range.
    """
    if not (0 < delta < 1 and bits >= 0 and n_searched >= 1):
        raise ValueError(
            "bits >= 0, delta between 0 and 1 and at least one setting are expected, found "
            f"{bits}, {delta} and {n_searched}"
        )
    length = delimited_bits(bits) + math.log2(n_searched)
    return length * math.log(2) + math.log(1 / delta)
