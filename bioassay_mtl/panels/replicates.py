"""One value from several measurements of one molecule in one assay.

The rules:

- **classes** (binary, multiclass, ordinal): the majority; a tie for the first place is dropped.
- **exact values**: the median (of an even number the mean of the two in the middle).
- **exact and censored values**: the median of the exact values.
- **bounds on one side**: the tightest, the highest of the lower or the lowest of the upper ones.
- **bounds on both sides**: the middle between the tightest ones, as if exact; where the highest
  lower bound is above the lowest upper one, dropped.

A cell is a *contradiction* where classes differ, exact values differ by more than one standard
deviation of the assay's values, the exact median is beyond a bound, or bounds exclude each other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Merged(NamedTuple):
    """One entry a cell, in order of `keys`.

    Parameters
    ----------
    keys
        ``(m,) int64``: the cells, each once, ascending.
    values
        ``(m,) float64``, NaN where the measurements were dropped.
    bounds
        ``(m,) int8``: 1 where the true value is at or above `values`, -1 at or below, 0 exact.
    counts
        ``(m,) int64``: measurements of each cell.
    contradiction
        ``(m,) bool``.
    """

    keys: NDArray[np.int64]
    values: NDArray[np.float64]
    bounds: NDArray[np.int8]
    counts: NDArray[np.int64]
    contradiction: NDArray[np.bool_]


def merge_classes(keys: NDArray[np.int64], classes: NDArray[np.float64]) -> Merged:
    """Majority of the classes of each cell.

    Parameters
    ----------
    keys
        ``(n,) int64``: the cell of each measurement.
    classes
        ``(n,)``: its class; none is NaN.
    """
    order = np.lexsort((classes, keys))
    keys, classes = keys[order], classes[order]
    runs = np.flatnonzero(_new(keys) | _new(classes))  # measurements of a cell that agree
    votes = np.diff(np.append(runs, len(keys)))
    run_keys, run_classes = keys[runs], classes[runs]
    by_votes = np.lexsort((-votes, run_keys))
    run_keys, run_classes, votes = run_keys[by_votes], run_classes[by_votes], votes[by_votes]
    first = np.flatnonzero(_new(run_keys))
    several = np.diff(np.append(first, len(run_keys))) > 1
    second = np.minimum(first + 1, max(len(votes) - 1, 0))
    tied = several & (votes[first] == votes[second])
    return Merged(
        run_keys[first],
        np.where(tied, np.nan, run_classes[first]),
        np.zeros(len(first), np.int8),
        np.add.reduceat(votes, first).astype(np.int64) if len(first) else votes.astype(np.int64),
        several,
    )


def merge_values(
    keys: NDArray[np.int64],
    values: NDArray[np.float64],
    bounds: NDArray[np.int8],
    spread: NDArray[np.float64],
) -> Merged:
    """Median, or the tightest bound, of the values of each cell.

    Parameters
    ----------
    keys
        ``(n,) int64``: the cell of each measurement.
    values, bounds
        ``(n,)``: the measurements, none NaN; bounds as in :class:`Merged`.
    spread
        ``(n,)``: how far exact values of the measurement's assay may lie apart.
    """
    cells, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
    exact = bounds == 0
    middle, width = _median(place[exact], values[exact], len(cells))
    allowed = np.zeros(len(cells))
    allowed[place] = spread
    lowest = np.full(len(cells), -np.inf)  # tightest lower bound
    np.maximum.at(lowest, place[bounds > 0], values[bounds > 0])
    highest = np.full(len(cells), np.inf)
    np.minimum.at(highest, place[bounds < 0], values[bounds < 0])
    below, above = np.isfinite(lowest), np.isfinite(highest)
    measured, between = ~np.isnan(middle), below & above
    crossed = between & (lowest > highest)
    merged = np.where(below, lowest, highest)
    # np.where takes both sides, also where one is infinite.
    merged[between] = (lowest[between] + highest[between]) / 2
    merged[crossed] = np.nan
    sides = np.where(between, 0, below.astype(np.int8) - above.astype(np.int8))
    contradiction = crossed | (
        measured & ((width > allowed) | (middle < lowest) | (middle > highest))
    )
    return Merged(
        cells,
        np.where(measured, middle, merged),
        np.where(measured, 0, sides).astype(np.int8),
        counts.astype(np.int64),
        contradiction,
    )


def _median(
    place: NDArray[np.int64], values: NDArray[np.float64], n_cells: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median and range of each cell's values, NaN where it has none."""
    order = np.lexsort((values, place))
    place, values = place[order], values[order]
    first = np.flatnonzero(_new(place))
    counts = np.diff(np.append(first, len(place)))
    middle, width = np.full((2, n_cells), np.nan)
    lower, upper = values[first + (counts - 1) // 2], values[first + counts // 2]
    middle[place[first]] = (lower + upper) / 2
    width[place[first]] = values[first + counts - 1] - values[first]
    return middle, width


def _new(values: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.bool_]:
    """True where a sorted array takes a new value."""
    return np.append(True, values[1:] != values[:-1])[: len(values)]
