"""Probabilities as text, six decimals, a whole batch at a time.

Formatting 128 numbers a molecule one by one costs more than the fingerprint. Here a number is two
table look-ups: ``0.123456`` is eight bytes, the first five from one table of 10,000 entries and the
last three from one of 1,000, joined by a bitwise or. Numbers below 10 fit as well.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

WIDTH = 8
"""Bytes of one number."""

MOST = 9.999
"""The largest number that has so many."""


def six_decimals(probabilities: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Each probability as the eight ASCII bytes of ``"%.6f"``.

    A float32 times a million is exact in float64, so that rounding half to even here gives the very
    digits that formatting would.

    Parameters
    ----------
    probabilities
        ``(n, t) float32``, at least 0 and at most :data:`MOST`; no NaN.

    Returns
    -------
    ``(n, t)`` little-endian uint64, eight characters each.
    """
    high, low = _tables()
    millionths = np.rint(np.multiply(probabilities, 1e6, dtype=np.float64)).astype(np.int32)
    thousandths = millionths // 1000
    text: NDArray[np.uint64] = high[thousandths]
    text |= low[millionths - 1000 * thousandths]
    return text


@lru_cache(maxsize=1)
def _tables() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    high = [f"{i // 1000}.{i % 1000:03d}\0\0\0".encode() for i in range(10_000)]
    low = [f"\0\0\0\0\0{i:03d}".encode() for i in range(1000)]
    return np.frombuffer(b"".join(high), "<u8"), np.frombuffer(b"".join(low), "<u8")
