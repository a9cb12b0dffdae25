from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from bioassay_mtl.confidence.conformal import errors, half_width, inactive_p_values
from bioassay_mtl.confidence.grid import N_PLACES, ScoreCounts, places
from bioassay_mtl.confidence.selection import benjamini_hochberg, lowest_place


def slow(p: list[float], rate: float) -> list[bool]:
    """Benjamini and Hochberg as they wrote it: the largest k with p_(k) <= k rate / m."""
    k = max((k for k in range(1, len(p) + 1) if sorted(p)[k - 1] <= rate * k / len(p)), default=0)
    return [k > 0 and each <= sorted(p)[k - 1] for each in p]


@given(st.lists(st.floats(0, 1), max_size=30), st.floats(0.01, 0.9))
def test_benjamini_hochberg(p: list[float], rate: float) -> None:
    assert benjamini_hochberg(np.array(p), rate).tolist() == slow(p, rate)


@given(st.integers(0, 2**31), st.integers(1, 200), st.floats(0.05, 0.6))
def test_counts_select_what_all_p_values_would(seed: int, n: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    known = rng.normal(-1, 1, 60)
    p = inactive_p_values(ScoreCounts.of(np.zeros(60, int), known, np.zeros(60), 1))
    at = places(rng.normal(1, 1, n))
    lowest = lowest_place(p, np.bincount(at, minlength=N_PLACES)[None], rate)[0]
    assert (at >= lowest).tolist() == benjamini_hochberg(p[0, at], rate).tolist()


@given(st.integers(0, 2**31))
def test_p_values_fall_with_the_score(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 5, 50)
    p = inactive_p_values(ScoreCounts.of(np.zeros(50, int), logits, rng.integers(0, 2, 50), 2))
    assert (np.diff(p, axis=1) <= 0).all()
    assert (p > 0).all()
    assert (p[:, 0] == 1).all()


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_the_share_of_false_ones_stays_at_the_rate(rate: float) -> None:
    """Whatever share of the library is active, also another one than the panel's."""
    rng = np.random.default_rng(0)
    for share in (0.03, 0.3):
        false = []
        for _ in range(400):
            inactive = rng.normal(-2, 1, 300)
            counts = ScoreCounts.of(np.zeros(300, int), inactive, np.zeros(300), 1)
            is_active = rng.random(400) < share
            at = places(np.where(is_active, rng.normal(1, 1, 400), rng.normal(-2, 1, 400)))
            library = np.bincount(at, minlength=N_PLACES)[None]
            chosen = at >= lowest_place(inactive_p_values(counts), library, rate)[0]
            false.append((chosen & ~is_active).sum() / max(1, chosen.sum()))
        error = np.std(false) / np.sqrt(len(false))
        assert np.mean(false) <= rate + 3 * error
    assert np.mean(false) > rate * 0.7 / 3  # and with many actives it is no empty promise


def test_intervals_cover_what_they_promise() -> None:
    rng = np.random.default_rng(0)
    for level, n in ((0.9, 40), (0.5, 25)):
        covered = []
        for _ in range(3000):
            away = np.abs(rng.standard_t(3, n + 1))
            covered.append(away[-1] <= half_width(away[:-1], level))
        assert abs(np.mean(covered) - level) < 0.03
        assert np.mean(covered) > level - 3 * np.std(covered) / np.sqrt(3000)


def test_too_few_errors_promise_nothing() -> None:
    assert half_width(np.ones(8), 0.9) == np.inf
    assert half_width(np.ones(9), 0.9) == 1
    assert half_width(np.zeros(0), 0.5) == np.inf


def test_what_is_beyond_a_bound_is_no_error() -> None:
    predicted, values = np.array([5.0, 7, 5, 7, 5]), np.array([6.0, 6, 6, 6, 6])
    bounds = np.array([1, 1, -1, -1, 0], np.int8)  # at least 6, twice; at most 6, twice; 6
    assert errors(predicted, values, bounds).tolist() == [1, 0, 0, 1, 1]
    assert errors(predicted, values).tolist() == [1, 1, 1, 1, 1]


def test_intervals_of_censored_values_agree_with_new_measurements() -> None:
    rng = np.random.default_rng(3)
    agreed = []
    for _ in range(2000):
        truth = rng.normal(6, 1, 60)
        predicted = truth + rng.normal(0, 0.7, 60)
        bounds = np.where(truth < 5.5, -1, 0).astype(np.int8)
        measured = np.where(bounds < 0, 5.5, truth)
        away = errors(predicted, measured, bounds)
        agreed.append(away[-1] <= half_width(away[:-1], 0.8))
    assert np.mean(agreed) >= 0.8 - 3 * np.std(agreed) / np.sqrt(2000)


def test_calibration_of_scores_on_the_grid_is_not_far_from_that_of_all() -> None:
    logits = np.random.default_rng(0).normal(0, 2, 1000)
    rounded = (places(logits) - 200) * 0.05
    assert np.abs(expit(rounded) - expit(logits)).max() <= 0.025 / 4 + 1e-9
