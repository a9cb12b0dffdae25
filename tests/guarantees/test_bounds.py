"""Bounds hold as often as they promise, and not where cells are taken for molecules."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.guarantees import (
    balanced_bound,
    binary_kl,
    complexity,
    delimited_bits,
    error_bound,
    kl_inverse,
    new_assay_bound,
    weighted_bound,
)

DRAWS, DELTA = 1_000, 0.1
rates = st.floats(0, 1)
nats = st.floats(0, 20)


@given(c=nats)
def test_the_inverse_at_0_is_the_closed_form(c: float) -> None:
    assert kl_inverse(0.0, c) == pytest.approx(-math.expm1(-c), abs=1e-12)


@given(rate=st.floats(0.001, 0.999))
def test_the_inverse_of_nothing_is_the_rate_and_of_all_is_1(rate: float) -> None:
    assert kl_inverse(rate, 0.0) == pytest.approx(rate, abs=1e-7)
    assert kl_inverse(rate, 1e6) == pytest.approx(1.0)
    assert kl_inverse(1.0, 0.3) == 1.0


@given(rate=st.floats(0, 0.99), c=st.floats(1e-6, 5))
def test_the_inverse_is_one_and_not_below(rate: float, c: float) -> None:
    p = kl_inverse(rate, c)
    assert rate <= p <= 1
    if p < 1 - 1e-9:
        assert binary_kl(rate, p) == pytest.approx(c, rel=1e-6, abs=1e-9)
    assert p <= rate + math.sqrt(c / 2) + 1e-12  # Pinsker


@given(rate=rates, c=nats, more=st.floats(0, 5))
def test_the_inverse_grows(rate: float, c: float, more: float) -> None:
    assert kl_inverse(rate, c) <= kl_inverse(rate, c + more)
    assert kl_inverse(rate, c) <= kl_inverse(min(1.0, rate + more / 5), c) + 1e-12


@pytest.mark.parametrize(("rate", "c"), [(-0.1, 1.0), (1.1, 1.0), (0.5, -1.0), (float("nan"), 1.0)])
def test_what_is_no_rate_is_refused(rate: float, c: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        kl_inverse(rate, c)


@given(bits=st.floats(2, 1e5), more=st.floats(1, 1e4), n=st.integers(10, 10**6))
def test_bounds_grow_with_the_code_and_shrink_with_rows(bits: float, more: float, n: int) -> None:
    c, longer = complexity(bits, DELTA), complexity(bits + more, DELTA)
    assert c < longer
    assert complexity(bits, DELTA) < complexity(bits, DELTA / 2) < complexity(bits, DELTA / 2, 10)
    assert error_bound(0.1, n, c).bound <= error_bound(0.1, n, longer).bound
    assert error_bound(0.1, 2 * n, c).bound <= error_bound(0.1, n, c).bound
    assert new_assay_bound(0.1, n, c) == error_bound(0.1, n, c)
    one, two = (weighted_bound(0.1, 1 / n, each, n).bound for each in (c, longer))
    assert one <= two
    assert weighted_bound(0.1, 0.5 / n, c, n).bound <= one


@given(delta=st.one_of(st.just(0.0), st.just(1.0), st.just(-1.0)))
def test_no_chance_of_failure_is_refused(delta: float) -> None:
    with pytest.raises(ValueError, match="delta between 0 and 1"):
        complexity(10, delta)


def test_codes_that_tell_their_end_are_a_code() -> None:
    # As many codes of n bits as there are: the chances of all sum to at most 1.
    total = sum(2.0 ** (n - delimited_bits(n)) for n in range(2, 100_000))
    assert total <= 1
    assert delimited_bits(0) == delimited_bits(2)


# Coverage: in each draw 8 models, coded by 3 bits, are scored on the same molecules, and the one
# that seems best is taken, which is why its error is worse than it seems.


def worlds(seed: int, n: int, n_cells: int, cloned: bool) -> tuple[np.ndarray, np.ndarray]:
    """Errors ``(draws, models, n, cells)`` of 8 models, and their true rates ``(models,)``."""
    rng = np.random.default_rng(seed)
    true = np.linspace(0.2, 0.3, 8)
    shape = (DRAWS, 8, n, 1 if cloned else n_cells)
    errors = rng.random(shape) < true[None, :, None, None]
    return np.broadcast_to(errors, (DRAWS, 8, n, n_cells)), true


def chosen_failures(seen: np.ndarray, true: np.ndarray, n: int, c: float) -> float:
    """Share of draws in which the true error of the best looking model is above its bound."""
    best = seen.argmin(axis=1)
    pairs = zip(best, seen[np.arange(DRAWS), best], strict=True)
    return float(np.mean([true[k] > error_bound(float(r), n, c).bound for k, r in pairs]))


C3 = 3 * math.log(2) + math.log(1 / DELTA)
"""Of a code of 3 bits for 8 models, which needs no end."""


@pytest.mark.parametrize("cloned", [True, False])
def test_rows_cover_whether_cells_depend_or_not(cloned: bool) -> None:
    errors, true = worlds(0, n=40, n_cells=12, cloned=cloned)
    assert chosen_failures(errors.mean(axis=(2, 3)), true, 40, C3) <= DELTA


def test_cells_taken_for_molecules_do_not_cover() -> None:
    errors, true = worlds(1, n=40, n_cells=12, cloned=True)
    seen = errors.mean(axis=(2, 3))
    assert chosen_failures(seen, true, 40 * 12, C3) > 2 * DELTA
    errors, true = worlds(1, n=40, n_cells=12, cloned=False)  # independent, they would
    assert chosen_failures(errors.mean(axis=(2, 3)), true, 40 * 12, C3) <= DELTA


def test_misses_and_false_alarms_cover_and_so_does_the_balanced_error() -> None:
    rng = np.random.default_rng(2)
    n, share, miss, alarm = 400, 0.1, 0.4, 0.1
    c = complexity(3, DELTA / 2)
    failures = []
    for _ in range(DRAWS):
        active = rng.random(n) < share
        wrong = rng.random(n) < np.where(active, miss, alarm)
        found = [
            error_bound(float(wrong[rows].mean()), int(rows.sum()), c) for rows in (active, ~active)
        ]
        failures.append((miss + alarm) / 2 > balanced_bound(*found).bound)
    assert np.mean(failures) <= DELTA


def test_assays_of_unequal_sizes_cover_with_rows_that_share_molecules() -> None:
    rng = np.random.default_rng(3)
    n, sizes = 200, np.array([200, 60, 20])
    measured = np.stack([np.arange(n) < m for m in sizes], axis=1)
    weights = measured / (len(sizes) * sizes)
    rate, failures = np.array([0.2, 0.3, 0.4]), []
    for _ in range(DRAWS):
        common = rng.random(n)[:, None]  # one fact a molecule: its cells err together
        wrong = np.broadcast_to(common, measured.shape) < rate
        seen = float((wrong * weights).sum())
        found = weighted_bound(seen, float(weights.sum(1).max()), math.log(1 / DELTA), n)
        failures.append(rate.mean() > found.bound)
    assert np.mean(failures) <= DELTA


def test_bounds_are_of_use() -> None:
    """Sizes that the derivation gives: about 0.23 are added by 5,000 nats, at an error of 0.2."""
    assert error_bound(0.2, 41_000, 5_000).bound - 0.2 == pytest.approx(0.23, abs=0.02)
    assert error_bound(0.2, 41_000, 5_000).says_something
    assert not error_bound(0.2, 1_000, 5_000).says_something
    assert error_bound(0.0, 0, 1.0).bound == 1.0
