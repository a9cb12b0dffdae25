"""Trees of any library in four integers a node: small, and checked without running anything.

Files of XGBoost hold some forty bytes a node, and its loader believes them: a column or a child
that is not there is read beyond the end of an array. These arrays are checked whole first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_DEPTH = 4_000
"""Most levels of a tree: evaluation goes down some of it by recursion."""

LEAF = -1
_MISSING_LEFT = np.int32(-(2**31))
"""Mark on a column's number: where the value is missing, the way is left."""

Int32 = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Trees:
    """K trees of N nodes; the root of each is its first node.

    Parameters
    ----------
    nodes
        ``(N, 4) int32``: the column that is read, with the highest bit set where a missing value
        goes left; the bits of a float32, threshold or (of a leaf) value; the number within the
        tree of the left child, -1 of a leaf, which the right one follows; the bits of a float32,
        weight of the training rows in the node. The way is left where the value is below the
        threshold.
    starts
        ``(K + 1,) int64``: where each tree begins, and where the last one ends.
    output
        ``(K,) int32``: to which output each tree adds.
    """

    nodes: Int32
    starts: NDArray[np.int64]
    output: Int32

    @staticmethod
    def none() -> Trees:
        """No trees."""
        return Trees(np.zeros((0, 4), np.int32), np.zeros(1, np.int64), np.zeros(0, np.int32))

    @staticmethod
    def joined(parts: Sequence[Trees]) -> Trees:
        """Trees of several, one after another."""
        if not parts:
            return Trees.none()
        sizes = np.concatenate([np.diff(part.starts) for part in parts])
        return Trees(
            np.concatenate([part.nodes for part in parts]),
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            np.concatenate([part.output for part in parts]),
        )

    @staticmethod
    def of_tree(
        column: NDArray[np.integer],
        number: NDArray[np.floating],
        left: NDArray[np.integer],
        right: NDArray[np.integer],
        missing_left: NDArray[np.bool_],
        cover: NDArray[np.floating],
        output: int,
    ) -> Trees:
        """One tree, its nodes ``(n,)`` in any order after the root.

        Parameters
        ----------
        column, number, left, right, missing_left, cover
            One for each node, see :class:`Trees`; both children of a leaf are -1.
        output
            Index of the output that it adds to.
        """
        order = _by_level(left, right)
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        is_leaf = left[order] < 0
        nodes = np.empty((len(order), 4), np.int32)
        side = np.where(missing_left[order] & ~is_leaf, _MISSING_LEFT, np.int32(0))
        nodes[:, 0] = np.where(is_leaf, 0, column[order]).astype(np.int32) | side
        nodes[:, 1] = number[order].astype(np.float32).view(np.int32)
        nodes[:, 2] = np.where(is_leaf, LEAF, place[left[order]])
        nodes[:, 3] = cover[order].astype(np.float32).view(np.int32)
        starts = np.array([0, len(order)], np.int64)
        return Trees(nodes, starts, np.array([output], np.int32))

    def __len__(self) -> int:
        return len(self.output)

    @property
    def column(self) -> Int32:
        """``(N,)``: the column that each node reads, 0 of a leaf."""
        return self.nodes[:, 0] & ~_MISSING_LEFT

    @property
    def missing_left(self) -> NDArray[np.bool_]:
        """``(N,)``: whether a missing value goes left."""
        found: NDArray[np.bool_] = self.nodes[:, 0] < 0
        return found

    @property
    def number(self) -> NDArray[np.float32]:
        """``(N,)``: thresholds, and values of leaves."""
        return self.nodes[:, 1].copy().view(np.float32)

    @property
    def left(self) -> Int32:
        """``(N,)``: left children, within their trees."""
        return self.nodes[:, 2]

    @property
    def cover(self) -> NDArray[np.float32]:
        """``(N,)``: weight of the training rows."""
        return self.nodes[:, 3].copy().view(np.float32)

    @property
    def is_leaf(self) -> NDArray[np.bool_]:
        """``(N,)``."""
        found: NDArray[np.bool_] = self.left == LEAF
        return found

    def scaled(self, factor: float) -> Trees:
        """The same trees, the values of their leaves times a factor."""
        nodes = self.nodes.copy()
        leaves = self.is_leaf
        values = self.number[leaves] * np.float32(factor)
        nodes[leaves, 1] = values.view(np.int32)
        return Trees(nodes, self.starts, self.output)


def _by_level(left: NDArray[np.integer], right: NDArray[np.integer]) -> NDArray[np.int64]:
    """Nodes from the root down, the two children of a node side by side."""
    level = np.zeros(1, np.int64)
    found = [level]
    while True:
        inner = level[left[level] >= 0]
        if not len(inner):
            return np.concatenate(found)
        level = np.stack([left[inner], right[inner]], axis=1).ravel().astype(np.int64)
        found.append(level)


def checked_trees(trees: Trees, n_columns: int, n_outputs: int) -> Trees:
    """The same, if each is a tree that reads columns which are there.

    Raises
    ------
    ValueError
        It says what is wrong.
    """
    nodes, starts, output = trees.nodes, trees.starts, trees.output
    dtypes = [array.dtype.name for array in (nodes, starts, output)]
    if dtypes != ["int32", "int64", "int32"] or nodes.shape[1:] != (4,):
        raise ValueError("trees are integers, four a node")
    if starts.ndim != 1 or output.ndim != 1 or len(starts) != len(output) + 1:
        raise ValueError("as many outputs are expected as there are trees")
    if starts[0] != 0 or starts[-1] != len(nodes) or (np.diff(starts) < 1).any():
        raise ValueError(f"trees must fill the {len(nodes):,} nodes, each with a root")
    if len(output) and not (output.min() >= 0 and output.max() < n_outputs):
        raise ValueError(f"a tree adds to an output that is none of {n_outputs:,}")
    if not len(nodes):
        return trees
    if trees.column.max() >= n_columns:
        raise ValueError(f"a tree reads a column that is none of {n_columns:,}")
    if not np.isfinite(trees.number).all():
        raise ValueError("a threshold or a leaf is no finite number")
    if not (np.isfinite(trees.cover) & (trees.cover >= 0)).all():
        raise ValueError("the weight of the training rows in a node is no number from 0")
    _check_children(trees)
    return trees


def _check_children(trees: Trees) -> None:
    """Each node but a root is the child of exactly one node before it in its tree."""
    sizes = np.diff(trees.starts)
    first = np.repeat(trees.starts[:-1], sizes)
    size = np.repeat(sizes, sizes)
    inner = np.flatnonzero(~trees.is_leaf)
    left = trees.left[inner].astype(np.int64)
    own = inner - first[inner]
    if not ((left > own) & (left + 1 < size[inner])).all():
        raise ValueError("a node has children that are not there")
    left = left + first[inner]
    n_parents = np.bincount(np.concatenate([left, left + 1]), minlength=len(first))
    n_parents[trees.starts[:-1]] += 1
    if not (n_parents == 1).all():
        raise ValueError("a node has no parent, or several")
    level, depth = trees.starts[:-1], 0
    while len(level):
        level = level[trees.left[level] >= 0]
        level = first[level] + trees.left[level]
        level = np.concatenate([level, level + 1])
        depth += 1
        if depth > MOST_DEPTH:
            raise ValueError(f"a tree is deeper than {MOST_DEPTH:,} nodes")
