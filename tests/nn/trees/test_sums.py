"""Sums of leaves are those of the library that grew the trees, and depend on no other row."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from bioassay_mtl.errors import MissingExtraError
from bioassay_mtl.nn.trees.nodes import MOST_DEPTH, Trees, checked_trees
from bioassay_mtl.nn.trees.sums import TreeSums
from tests.needs import extra, installed
from tests.nn.trees.test_nodes import chain, stump

installed("xgboost", "trees")

Case = tuple[int, float, int]


def walked(trees: Trees, rows: sparse.csr_matrix, n_outputs: int) -> np.ndarray:
    """The same by the rule, node by node."""
    found = np.zeros((rows.shape[0], n_outputs))
    for number in range(rows.shape[0]):
        row = rows[number]
        known = dict(zip(row.indices.tolist(), row.data.tolist(), strict=True))
        for tree, start in enumerate(trees.starts[:-1]):
            at = 0
            while (left := int(trees.left[start + at])) >= 0:
                value = known.get(int(trees.column[start + at]))
                is_left = trees.missing_left[start + at]
                if value is not None:
                    is_left = value < trees.number[start + at]
                at = left + (not is_left)
            found[number, trees.output[tree]] += trees.number[start + at]
    return found


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.floats(-2, 2, width=32), st.integers(0, 2)),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 2**32 - 1),
)
def test_sums_are_those_of_the_rule(cases: list[Case], seed: int) -> None:
    trees = Trees.joined([stump(*case) for case in cases] + [chain(3)])
    rng = np.random.default_rng(seed)
    rows = sparse.random(7, 4, 0.5, format="csr", random_state=rng, dtype=np.float32)
    rows.data = rng.choice([0.0, *[each[1] for each in cases]], len(rows.data)).astype(np.float32)
    sums = TreeSums(trees, 4, 3)
    np.testing.assert_allclose(sums(rows), walked(trees, rows, 3), rtol=1e-6)
    alone = np.concatenate([sums(rows[[number]]) for number in range(7)])
    assert (alone == sums(rows)).all()


def test_no_trees_and_no_rows() -> None:
    rows = sparse.csr_matrix(np.ones((2, 4), np.float32))
    assert (TreeSums(Trees.none(), 4, 3)(rows) == 0).all()
    assert TreeSums(stump(), 4, 1)(rows[:0]).shape == (0, 1)
    assert TreeSums(stump(), 4, 1)(rows).tolist() == [[2.0], [2.0]]


def test_the_deepest_trees_that_are_let_in_are_evaluated() -> None:
    deepest = checked_trees(chain(MOST_DEPTH - 1), 4, 1)
    rows = sparse.csr_matrix(np.ones((2, 4), np.float32))
    assert TreeSums(deepest, 4, 1)(rows).shape == (2, 1)


def test_contributions_of_columns_are_known() -> None:
    """TreeSHAP finds the rows in each node, and shares out what a sum is made of."""
    trees = Trees.joined([stump(0, 0.5, 0), stump(2, 0.5, 1)])
    sums = TreeSums(trees, 4, 2)
    rows = sparse.csr_matrix(np.array([[1, 0, 0, 0], [0, 0, 1, 0]], np.float32))
    xgboost = extra("xgboost", "trees")
    shares = sums.booster.predict(xgboost.DMatrix(rows), pred_contribs=True)
    np.testing.assert_allclose(shares.sum(axis=2), sums(rows), rtol=1e-6)
    expected = (4 * -1 + 6 * 2) / 10
    np.testing.assert_allclose(shares[0, 0], [2 - expected, 0, 0, 0, expected], rtol=1e-6)


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(MissingExtraError, match=r"bioassay-mtl\[trees\]"):
        TreeSums(stump(), 4, 1)
