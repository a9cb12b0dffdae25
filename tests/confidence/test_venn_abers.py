from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.isotonic import isotonic_regression

from bioassay_mtl.confidence.grid import N_PLACES, STEP, ScoreCounts, places
from bioassay_mtl.confidence.venn_abers import venn_abers


def plain(place: NDArray[np.int64], labels: NDArray[np.int64], new: int, label: int) -> float:
    """Isotonic regression with the new cell among the others, by scikit-learn."""
    every, outcomes = np.append(place, new), np.append(labels, label)
    known, at, n = np.unique(every, return_inverse=True, return_counts=True)
    share = np.bincount(at, outcomes) / n
    fitted = isotonic_regression(share, sample_weight=n.astype(float))
    return float(fitted[np.searchsorted(known, new)])


@given(st.integers(0, 2**31), st.integers(0, 40))
def test_it_is_isotonic_regression_with_the_new_cell(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 0.4, n)
    labels = (rng.random(n) < expit(3 * logits)).astype(int)
    place = places(logits)
    table = venn_abers(ScoreCounts.of(np.zeros(n, int), logits, labels, 1))[0]
    for new in rng.integers(170, 230, 5).tolist():
        for label in (0, 1):
            assert abs(table[new, label] - plain(place, labels, new, label)) < 1e-6
    assert (np.diff(table, axis=0) >= 0).all()
    assert (table[:, 0] <= table[:, 1]).all()


def test_one_of_both_is_calibrated() -> None:
    """Of 700 new molecules those that were said p are active with about that frequency."""
    rng = np.random.default_rng(1)
    said, came = [], []
    for _ in range(700):
        logits = rng.normal(0, 1, 41)
        labels = (rng.random(41) < expit(2 * logits - 1)).astype(int)
        counts = ScoreCounts.of(np.zeros(40, int), logits[:40], labels[:40], 1)
        said.append(venn_abers(counts)[0, places(logits[40:])[0], labels[40]])
        came.append(labels[40])
    said_, came_ = np.array(said), np.array(came)
    for low in (0.0, 0.5):
        here = (said_ >= low) & (said_ <= low + 0.5)
        assert abs(came_[here].mean() - said_[here].mean()) < 0.06


def test_few_cells_leave_much_open() -> None:
    none = ScoreCounts.of(np.zeros(0, int), np.zeros(0), np.zeros(0), 2)
    table = venn_abers(none)
    assert table.shape == (2, N_PLACES, 2)
    assert (table[..., 0] == 0).all()
    assert (table[..., 1] == 1).all()


def test_places_cover_the_line() -> None:
    assert places(np.array([-50.0, -10.0, 0.0, 10.0, 50.0])).tolist() == [0, 0, 200, 400, 400]
    assert STEP * (N_PLACES - 1) == 20
