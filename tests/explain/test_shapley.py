"""Shapley values of trees, beside all subsets of columns counted one by one."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from bioassay_mtl.explain import shapley
from bioassay_mtl.explain.shapley import shapley_values
from bioassay_mtl.nn.trees.nodes import Trees
from bioassay_mtl.nn.trees.sums import TreeSums, load_xgboost

N_COLUMNS = 5


def grown(rng: np.random.Generator, depth: int) -> Trees:
    """A random tree, whose columns come again and again."""
    columns, left, right = list[int](), list[int](), list[int]()
    numbers, cover, missing = list[float](), list[float](), list[bool]()

    def node(level: int, weight: float) -> int:
        at = len(columns)
        is_leaf = level == depth or rng.random() < 0.2
        columns.append(int(rng.integers(N_COLUMNS)))
        numbers.append(float(rng.normal()))
        missing.append(bool(rng.random() < 0.5))
        cover.append(weight)
        left.append(-1)
        right.append(-1)
        if not is_leaf:
            share = float(rng.uniform(0.1, 0.9))
            left[at] = node(level + 1, weight * share)
            right[at] = node(level + 1, weight * (1 - share))
        return at

    node(0, 100.0)
    return Trees.of_tree(
        np.array(columns),
        np.array(numbers),
        np.array(left),
        np.array(right),
        np.array(missing),
        np.array(cover),
        0,
    )


def expected(trees: Trees, values: NDArray[np.float32], known: frozenset[int]) -> float:
    """The mean of a tree where only some columns are known."""

    def below(at: int) -> float:
        if trees.left[at] < 0:
            return float(trees.number[at])
        ways = trees.left[at], trees.left[at] + 1
        column = int(trees.column[at])
        if column not in known:
            parts = [trees.cover[way] * below(way) for way in ways]
            return float(sum(parts) / trees.cover[at])
        value = values[column]
        goes_left = trees.missing_left[at] if np.isnan(value) else value < trees.number[at]
        return below(ways[0] if goes_left else ways[1])

    return below(0)


@given(seed=st.integers(0, 10_000), depth=st.integers(0, 7))
def test_values_are_those_of_all_subsets(seed: int, depth: int) -> None:
    rng = np.random.default_rng(seed)
    trees = grown(rng, depth)
    values = rng.normal(size=N_COLUMNS).astype(np.float32)
    values[rng.random(N_COLUMNS) < 0.3] = np.nan
    found, mean = shapley_values(trees, values, N_COLUMNS)
    wanted = np.zeros(N_COLUMNS)
    for column in range(N_COLUMNS):
        others = [each for each in range(N_COLUMNS) if each != column]
        for n in range(N_COLUMNS):
            weight = factorial(n) * factorial(N_COLUMNS - n - 1) / factorial(N_COLUMNS)
            for some in combinations(others, n):
                known = frozenset(some)
                change = expected(trees, values, known | {column}) - expected(trees, values, known)
                wanted[column] += weight * change
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert mean == pytest.approx(expected(trees, values, frozenset()), abs=1e-6)


def test_shallow_trees_are_as_xgboost_explains_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    trees = Trees.joined([grown(rng, 4) for _ in range(20)])
    row = rng.normal(size=(1, N_COLUMNS)).astype(np.float32)
    data = load_xgboost().DMatrix(csr_matrix(row))
    wanted = TreeSums(trees, N_COLUMNS, 1).booster.predict(data, pred_contribs=True)[0]
    found, mean = shapley_values(trees, row[0], N_COLUMNS)
    np.testing.assert_allclose([*found, mean], wanted, atol=1e-4)
    monkeypatch.setattr(shapley, "AT_ONCE", 10)
    np.testing.assert_allclose(shapley_values(trees, row[0], N_COLUMNS)[0], found, atol=1e-12)


def test_deep_trees_lose_no_digits() -> None:
    """A comb of 300 levels over few columns."""
    n = 300
    columns = np.repeat(np.arange(n) % 60, 2)
    left = np.full(2 * n + 1, -1)
    right = np.full(2 * n + 1, -1)
    left[: 2 * n : 2], right[: 2 * n : 2] = np.arange(1, 2 * n, 2), np.arange(2, 2 * n + 1, 2)
    cover = np.repeat(np.arange(n + 1, 1, -1.0), 2)
    cover[1::2] = 1
    numbers = np.random.default_rng(0).normal(size=2 * n + 1)
    trees = Trees.of_tree(
        np.append(columns, 0),
        numbers,
        left,
        right,
        np.zeros(2 * n + 1, np.bool_),
        np.append(cover, 1.0),
        0,
    )
    values = np.full(60, 10, np.float32)
    found, mean = shapley_values(trees, values, 60)
    assert found.sum() + mean == pytest.approx(float(np.float32(numbers[-1])), abs=1e-9)
    assert np.abs(found).max() < 10


def test_nothing_grown_explains_nothing() -> None:
    found, mean = shapley_values(Trees.none(), np.zeros(3, np.float32), 3)
    assert found.tolist() == [0, 0, 0]
    assert mean == 0
