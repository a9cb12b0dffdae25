"""Codebooks: few levels for many numbers, and rounding to them that gradients pass through."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

_ROUNDS = 100


def learned_levels(values: NDArray[np.floating], n_levels: int) -> NDArray[np.float32]:
    """At most n levels, rising, each a float16, with a small mean squared distance of the values.

    Lloyd's algorithm in one dimension (k-means), from quantiles; levels that no value is near are
    left out.

    Parameters
    ----------
    values
        Numbers of any shape, finite.
    n_levels
        Largest number of levels, at least 1.
    """
    flat = np.sort(np.asarray(values, dtype=np.float64).ravel())
    levels = np.unique(np.quantile(flat, (np.arange(n_levels) + 0.5) / n_levels))
    for _ in range(_ROUNDS):
        symbols = nearest(flat, levels)
        counts = np.bincount(symbols, minlength=len(levels))
        sums = np.bincount(symbols, weights=flat, minlength=len(levels))
        moved = sums[counts > 0] / counts[counts > 0]
        if len(moved) == len(levels) and np.allclose(moved, levels, rtol=0, atol=1e-9):
            break
        levels = moved
    halves = np.unique(levels.astype(np.float16)).astype(np.float32)
    return halves[np.unique(nearest(flat, halves))]


def nearest(values: NDArray[np.floating], levels: NDArray[np.floating]) -> NDArray[np.int64]:
    """The number of the nearest level of each value; levels rise."""
    return np.searchsorted((levels[1:] + levels[:-1]) / 2, values)


class Rounded(nn.Module):
    """A parametrization: numbers are what a codebook has for them.

    The gradient passes through to the numbers as if they were not rounded (straight-through
    estimator; Bengio et al. 2013, arXiv 1308.3432), and reaches the levels, too.

    Parameters
    ----------
    levels
        Levels to begin with, rising.
    """

    def __init__(self, levels: NDArray[np.float32]) -> None:
        super().__init__()
        self.levels = nn.Parameter(torch.from_numpy(levels.copy()))

    def forward(self, values: Tensor) -> Tensor:
        """Rounded values; they may be learned as any others."""
        levels = self.levels.to(values.dtype)
        order = torch.argsort(levels.detach())
        rising = levels.detach()[order]
        place = torch.bucketize(values.detach(), (rising[1:] + rising[:-1]) / 2)
        return levels[order[place]] + (values - values.detach())
