"""Trees as arrays: whoever grew them, they are told as they are; what is none is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.nn.trees.nodes import MOST_DEPTH, Trees, checked_trees


def stump(column: int = 0, threshold: float = 0.5, output: int = 0) -> Trees:
    """A tree of one split: -1 below the threshold, 2 from it on; missing values go left."""
    return Trees.of_tree(
        column=np.array([column, 0, 0]),
        number=np.array([threshold, 2.0, -1.0]),
        left=np.array([2, -1, -1]),
        right=np.array([1, -1, -1]),
        missing_left=np.array([True, False, False]),
        cover=np.array([10.0, 6.0, 4.0]),
        output=output,
    )


def chain(depth: int) -> Trees:
    """A tree that goes on to the right alone."""
    left = np.full(2 * depth + 1, -1)
    left[0 : 2 * depth : 2] = np.arange(1, 2 * depth, 2)
    right = np.where(left < 0, -1, left + 1)
    n = len(left)
    none = np.zeros(n, bool)
    return Trees.of_tree(np.zeros(n, int), np.zeros(n), left, right, none, np.ones(n), 0)


def test_children_stand_side_by_side_after_their_parent() -> None:
    tree = checked_trees(stump(column=3), 4, 1)
    assert tree.left.tolist() == [1, -1, -1]
    assert tree.number.tolist() == [0.5, -1.0, 2.0]
    assert tree.cover.tolist() == [10.0, 4.0, 6.0]
    assert tree.column.tolist() == [3, 0, 0]
    assert tree.missing_left.tolist() == [True, False, False]


def test_trees_are_joined_in_order() -> None:
    both = checked_trees(Trees.joined([stump(), chain(2), Trees.none()]), 1, 1)
    assert both.starts.tolist() == [0, 3, 8]
    assert len(both) == 2
    assert len(Trees.joined([])) == 0


def changed(trees: Trees, node: int, field: int, value: int) -> Trees:
    nodes = trees.nodes.copy()
    nodes[node, field] = value
    return replace(trees, nodes=nodes)


INFINITY = int(np.array(np.inf, np.float32).view(np.int32))
NAN = int(np.array(np.nan, np.float32).view(np.int32))
BELOW_0 = int(np.array(-1, np.float32).view(np.int32))


@pytest.mark.parametrize(
    ("trees", "said"),
    [
        (stump(column=4), "column that is none of 4"),
        (stump(output=2), "output that is none of 2"),
        (stump(output=-1), "output that is none of 2"),
        (changed(stump(), 0, 2, 0), "children"),
        (changed(stump(), 0, 2, 2), "children"),
        (changed(stump(), 0, 2, 2**31 - 1), "children"),
        (changed(stump(), 1, 2, -2), "children"),
        (changed(stump(), 0, 2, -1), "no parent"),
        (changed(chain(2), 2, 2, 1), "children"),
        (changed(stump(), 0, 1, NAN), "finite"),
        (changed(stump(), 1, 1, INFINITY), "finite"),
        (changed(stump(), 1, 3, BELOW_0), "weight of the training rows"),
        (changed(stump(), 1, 3, NAN), "weight of the training rows"),
        (chain(MOST_DEPTH + 1), "deeper"),
        (replace(stump(), starts=np.array([0, 2])), "fill"),
        (replace(stump(), starts=np.array([1, 3])), "fill"),
        (replace(stump(), starts=np.array([0, 0, 3]), output=np.zeros(2, np.int32)), "root"),
        (replace(stump(), starts=np.zeros(0, np.int64)), "as many outputs"),
        (replace(stump(), output=np.zeros((1, 1), np.int32)), "as many outputs"),
        (replace(stump(), nodes=np.zeros((3, 5), np.int32)), "four a node"),
        (replace(stump(), nodes=stump().nodes.astype(np.int64)), "four a node"),
        (replace(stump(), nodes=np.zeros((), np.int32)), "four a node"),
    ],
)
def test_what_is_no_tree_is_refused(trees: Trees, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        checked_trees(trees, 4, 2)


@given(st.data())
def test_whatever_the_bytes_they_are_trees_or_refused(data: Any) -> None:
    """Each node is then reached from a root, by going on."""
    n = data.draw(st.integers(1, 8))
    small = st.integers(-2, n + 1)
    nodes = np.array(
        data.draw(st.lists(st.tuples(small, small, small, small), min_size=n, max_size=n)), np.int32
    )
    starts = np.array([0, *sorted(data.draw(st.lists(st.integers(0, n), max_size=2))), n], np.int64)
    trees = Trees(nodes, starts, np.zeros(len(starts) - 1, np.int32))
    try:
        checked_trees(trees, 4, 1)
    except ValueError:
        return
    for start, end in pairwise(starts):
        reached, level = 0, [0]
        while level:
            reached += len(level)
            inner = [int(trees.left[start + node]) for node in level]
            level = [child + side for child in inner if child >= 0 for side in (0, 1)]
        assert reached == end - start
