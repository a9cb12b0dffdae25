"""Random numbers that a seed gives on every machine, with every version of NumPy and PyTorch.

A model that keeps a seed in place of numbers is another model where that seed draws other numbers.
NumPy promises the raw bits of its generators for good, and not what it makes of them; so the rest
is here.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_LEVELS = 1 << 16


def _bits(seed: int, stream: tuple[int, ...], n: int) -> NDArray[np.uint64]:
    generator = np.random.PCG64(np.random.SeedSequence([seed, *stream]))
    return np.asarray(generator.random_raw(n), dtype=np.uint64)


@cache
def _quantiles() -> NDArray[np.float32]:
    from scipy.special import ndtri

    found: NDArray[np.float32] = ndtri((np.arange(_LEVELS) + 0.5) / _LEVELS).astype(np.float32)
    return found


def normals(seed: int, stream: tuple[int, ...], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Standard normal numbers, each one of 65,536 quantiles.

    Parameters
    ----------
    seed, stream
        Seed and stream that they depend on: other streams of a seed are independent.
    shape
        Shape of the result.
    """
    n = int(np.prod(shape))
    sixteen = _bits(seed, stream, -(-n // 4)).astype("<u8").view("<u2")[:n]
    found: NDArray[np.float32] = _quantiles()[sixteen].reshape(shape)
    return found


def signs(seed: int, stream: tuple[int, ...], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """-1 or 1, with equal chances."""
    n = int(np.prod(shape))
    bits = np.unpackbits(_bits(seed, stream, -(-n // 64)).astype("<u8").view(np.uint8))[:n]
    return (2.0 * bits - 1.0).astype(np.float32).reshape(shape)


def permutations(seed: int, stream: tuple[int, ...], shape: tuple[int, ...]) -> NDArray[np.int64]:
    """A random order of the numbers from 0 along the last axis."""
    keys = _bits(seed, stream, int(np.prod(shape))).reshape(shape)
    return np.argsort(keys, axis=-1, kind="stable")
