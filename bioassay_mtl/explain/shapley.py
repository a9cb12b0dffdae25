"""Exact Shapley values of trees, of any depth.

A leaf of value v is reached with the columns of its path. Column i lets a share ``z_i`` of the
training rows through, and the molecule, ``o_i = 1``, or not, 0. The Shapley value of i is then
``v (o_i - z_i)`` times the integral over t from 0 to 1 of ``prod_(j != i) (z_j + (o_j - z_j) t)``,
which Gauss and Legendre's rule gives exactly. It is TreeSHAP (Lundberg and others, arXiv
1802.03888) in the form of Linear TreeSHAP (Yu and others, arXiv 2209.08192), whose sums have no
differences of large numbers: XGBoost's own lose all digits in the deep trees of forests.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.nn.trees.nodes import Trees

AT_ONCE = 2_000_000
"""Numbers that are held at a time, about."""


class Paths(NamedTuple):
    """Columns on the ways to leaves, one a leaf and column, in the order of the leaves.

    Attributes
    ----------
    leaf, column
        ``(e,)``: numbers.
    share
        ``(e,) float64``: z, of the training rows that the column lets through.
    passes
        ``(e,) float64``: o, 1 or 0.
    """

    leaf: NDArray[np.int64]
    column: NDArray[np.int64]
    share: NDArray[np.float64]
    passes: NDArray[np.float64]

    def between(self, begin: int, end: int) -> Paths:
        """Paths between two positions."""
        own = slice(begin, end)
        return Paths(self.leaf[own], self.column[own], self.share[own], self.passes[own])


def shapley_values(
    trees: Trees, values: NDArray[np.float32], n_columns: int
) -> tuple[NDArray[np.float64], float]:
    """Shares of the columns in the sum of trees for one row, and the expected sum.

    Parameters
    ----------
    trees
        Trees of one output.
    values
        ``(F,)``: the row, NaN where a value is missing.
    n_columns
        F.

    Returns
    -------
    ``(F,)``, which sum to the row's sum less the expected one, of the rows that the trees were
    fitted to; and the latter.
    """
    found, expected = np.zeros(n_columns), 0.0
    if not len(trees):
        return found, expected
    paths, leaf_values, weights = _paths(trees, values)
    expected = float(leaf_values @ weights)
    starts = np.flatnonzero(np.diff(paths.leaf, prepend=-1))
    if not len(starts):
        return found, expected
    longest = int(np.diff([*starts, len(paths.leaf)]).max())
    nodes, weight = np.polynomial.legendre.leggauss((longest + 1) // 2)
    points, weight = (nodes + 1) / 2, weight / 2
    most = max(1, AT_ONCE // len(points))
    n = len(paths.leaf)
    cuts = np.append(starts, n)[np.searchsorted(starts, np.arange(most, n, most))]
    for begin, end in pairwise([0, *cuts.tolist(), n]):
        if begin < end:
            part = paths.between(begin, end)
            amounts = _amounts(part, points, weight) * leaf_values[part.leaf]
            found += np.bincount(part.column, amounts, minlength=n_columns)
    return found, expected


def _amounts(
    paths: Paths, points: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``(e,)``: of leaves of value 1."""
    difference = paths.passes - paths.share
    factors = paths.share[:, None] + difference[:, None] * points
    starts = np.flatnonzero(np.diff(paths.leaf, prepend=-1))
    products = np.multiply.reduceat(factors, starts, axis=0)
    which = np.cumsum(np.diff(paths.leaf, prepend=-1) > 0) - 1
    # Without a way for training rows and for the molecule nothing comes to the leaf.
    others = np.divide(products[which], factors, out=np.zeros_like(factors), where=factors > 0)
    amounts: NDArray[np.float64] = difference * (others @ weight)
    return amounts


def _paths(
    trees: Trees, values: NDArray[np.float32]
) -> tuple[Paths, NDArray[np.float64], NDArray[np.float64]]:
    """The ways to all leaves, the values of these, and the shares of training rows in them."""
    first = np.repeat(trees.starts[:-1], np.diff(trees.starts))
    inner = np.flatnonzero(~trees.is_leaf)
    column, cover = trees.column, trees.cover.astype(np.float64)
    parent = np.full(len(first), -1)
    passes, share = np.ones(len(first)), np.ones(len(first))
    value = values[column[inner]]
    left_is_way = np.where(np.isnan(value), trees.missing_left[inner], value < trees.number[inner])
    for side in (0, 1):
        child = first[inner] + trees.left[inner] + side
        parent[child] = inner
        passes[child] = left_is_way if side == 0 else ~left_is_way
        known = cover[inner] > 0
        share[child] = np.where(known, cover[child] / np.where(known, cover[inner], 1), 0.5)
    leaves = np.flatnonzero(trees.is_leaf)
    at, which, weights = leaves.copy(), np.arange(len(leaves)), np.ones(len(leaves))
    steps: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    while len(at):
        below = parent[at] >= 0
        at, which = at[below], which[below]
        weights[which] *= share[at]
        steps.append((which, at))
        at = parent[at]
    leaf, node = (np.concatenate(each) for each in zip(*steps, strict=True))
    read = column[parent[node]].astype(np.int64)
    order = np.lexsort((read, leaf))
    leaf, read, node = leaf[order], read[order], node[order]
    new = np.flatnonzero((np.diff(leaf, prepend=-1) != 0) | (np.diff(read, prepend=-1) != 0))
    if not len(new):
        nothing = np.zeros(0, np.int64)
        paths = Paths(nothing, nothing, np.zeros(0), np.zeros(0))
    else:
        shares = np.multiply.reduceat(share[node], new)
        paths = Paths(leaf[new], read[new], shares, np.minimum.reduceat(passes[node], new))
    return paths, trees.number[leaves].astype(np.float64), weights
