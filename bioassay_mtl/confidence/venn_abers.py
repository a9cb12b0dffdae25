"""Venn-ABERS: two probabilities for each score, of which one is calibrated whatever the data.

Isotonic regression of labels on scores is fitted with the new molecule among the others, once as an
inactive and once as an active; what it says of the molecule is p0 and p1 (Vovk and Petej 2014,
Venn-Abers predictors; Vovk, Petej and Fedorova 2015, Large-scale probabilistic predictors with and
without guarantees of validity). Where few labels are like it, the two lie far apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.confidence.grid import ScoreCounts


def venn_abers(counts: ScoreCounts) -> NDArray[np.float32]:
    """p0 and p1 of a new molecule at each place of the grid.

    Parameters
    ----------
    counts
        Score counts of T tasks.

    Returns
    -------
    ``(T, N_PLACES, 2) float32``, both rising with the place.
    """
    both = zip(counts.active, counts.active + counts.inactive, strict=True)
    return np.array([[_isotonic(a, n, 0), _isotonic(a, n, 1)] for a, n in both]).transpose(0, 2, 1)


def _isotonic(active: NDArray[np.int64], n: NDArray[np.int64], label: int) -> NDArray[np.float32]:
    """Isotonic regression with one more cell of a label, at each place.

    By the max-min formula: over all blocks of places that hold the new cell, the largest over their
    beginnings of the smallest over their ends of the share of actives.
    """
    first = (n > 0) | (np.concatenate([[1], n[:-1]]) > 0)  # of places that are one to the cell
    actives, cells = (np.concatenate([[0], np.cumsum(each[first])]) for each in (active, n))
    # From place a to place b, with the new cell.
    share = (actives[None, 1:] - actives[:-1, None] + label) / np.maximum(
        cells[None, 1:] - cells[:-1, None] + 1, 1
    )
    smallest = np.minimum.accumulate(share[:, ::-1], axis=1)[:, ::-1]  # over ends at or after b
    largest = np.where(np.tri(len(smallest), dtype=bool).T, smallest, -1.0).max(axis=0)
    return np.asarray(largest[np.cumsum(first) - 1], np.float32)
