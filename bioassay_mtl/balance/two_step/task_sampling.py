"""Samples of tasks with known chances, so that a weighted sample has the mean of the whole."""

from __future__ import annotations

import torch
from torch import Tensor

from bioassay_mtl.nn.draws import generator


def inclusion(sizes: Tensor, n: int) -> Tensor:
    """Chances ``(T,) float64`` of each task in samples of n: proportional to size, at most 1.

    Parameters
    ----------
    sizes
        ``(T,)``, at least 0; a task of size 0 is never drawn. Where proportion would give a task a
        chance above 1 it is always drawn, and the others share the rest.
    n
        Tasks in a sample; all tasks of a size above 0 where there are no more than n.
    """
    sizes = sizes.double()
    chances = (sizes > 0).double()
    if int(chances.sum()) <= n:
        return chances
    sure = torch.zeros_like(sizes, dtype=torch.bool)
    while True:
        rest = sizes.masked_fill(sure, 0.0)
        chances = torch.where(sure, 1.0, (n - int(sure.sum())) * rest / rest.sum())
        if not (above := chances > 1).any():
            return chances
        sure |= above


def systematic(chances: Tensor, start: float) -> Tensor:
    """Indices of the tasks drawn, ``(n,) int64``, for a ``start`` uniform in [0, 1).

    Systematic sampling (Madow 1949, doi 10.1214/aoms/1177729988): the chances are laid end to end,
    and a task is drawn where one of the points ``start, start + 1, ...`` falls into its length. Its
    chance is its length, exactly, and no task is drawn twice.

    Parameters
    ----------
    chances
        ``(T,) float64`` that sum to a whole number n.
    start
        The only random number.
    """
    ends = chances.cumsum(0)
    n = round(float(ends[-1]))
    points = torch.arange(n, dtype=torch.float64) + start
    drawn = torch.searchsorted(ends, points, right=True)
    return drawn.clamp_max(int(chances.nonzero()[-1]) if n else 0)  # the last end may round down


def sample_weights(sizes: Tensor, n: int) -> Tensor:
    """``(T,) float64``: 1 / chance of the tasks in one sample, 0 for the others.

    Draws twice: the order in which the chances are laid out, so that any two tasks can meet in a
    sample, and the start.
    """
    chances = inclusion(sizes, n)
    order = torch.randperm(len(chances), generator=generator())
    start = torch.rand((), dtype=torch.float64, generator=generator())
    drawn = order[systematic(chances[order], float(start))]
    weights = torch.zeros_like(chances)
    weights[drawn] = 1 / chances[drawn]
    return weights
