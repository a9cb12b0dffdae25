"""Replicates against plain loops that follow the stated rules."""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import median

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.panels.replicates import merge_classes, merge_values

CELLS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=40)
BOUNDED = st.lists(
    st.tuples(st.integers(0, 5), st.integers(-4, 4), st.sampled_from([-1, 0, 0, 1])), max_size=40
)
SPREAD = 2.0


@given(CELLS)
def test_majority_of_classes(cells: list[tuple[int, int]]) -> None:
    keys, classes = np.array(cells, np.int64).reshape(-1, 2).T
    merged = merge_classes(keys, classes.astype(np.float64))
    votes: dict[int, Counter[int]] = defaultdict(Counter)
    for key, label in cells:
        votes[key][label] += 1
    assert merged.keys.tolist() == sorted(votes)
    for place, key in enumerate(sorted(votes)):
        first, *others = votes[key].most_common()
        tied = bool(others) and others[0][1] == first[1]
        assert np.isnan(merged.values[place]) == tied
        assert tied or merged.values[place] == first[0]
        assert merged.contradiction[place] == bool(others)
        assert merged.counts[place] == votes[key].total()


@given(BOUNDED)
def test_median_and_tightest_bound(cells: list[tuple[int, int, int]]) -> None:
    keys, values, bounds = np.array(cells, np.int64).reshape(-1, 3).T
    merged = merge_values(
        keys, values.astype(np.float64), bounds.astype(np.int8), np.full(len(keys), SPREAD)
    )
    assert merged.keys.tolist() == sorted({key for key, _, _ in cells})
    for place, key in enumerate(merged.keys.tolist()):
        value, bound, contradiction = naive(
            {side: [v for k, v, s in cells if k == key and s == side] for side in (-1, 0, 1)}
        )
        np.testing.assert_equal(merged.values[place], value)
        assert merged.bounds[place] == bound
        assert merged.contradiction[place] == contradiction


def naive(sides: dict[int, list[int]]) -> tuple[float, int, bool]:
    """Value, bound and contradiction of one cell."""
    lowest, highest = max(sides[1], default=-np.inf), min(sides[-1], default=np.inf)
    if sides[0]:
        middle = median(sides[0])
        wide = max(sides[0]) - min(sides[0]) > SPREAD
        return middle, 0, wide or middle < lowest or middle > highest
    if sides[1] and sides[-1]:
        crossed = lowest > highest
        return (np.nan if crossed else (lowest + highest) / 2), 0, crossed
    return (lowest, 1, False) if sides[1] else (highest, -1, False)
