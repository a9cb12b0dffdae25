from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from bioassay_mtl.confidence.calibration import (
    AS_IT_IS,
    Calibration,
    LabeledLogits,
    chosen_platt,
    fit_platt,
)
from bioassay_mtl.confidence.grid import ScoreCounts


def simulated(
    slopes: NDArray[np.float64], n: int, shift: float = 0.0, seed: int = 0
) -> LabeledLogits:
    """Labels drawn with the probabilities ``sigmoid(slope * logit + shift)``, n of each task."""
    rng = np.random.default_rng(seed)
    task = np.repeat(np.arange(len(slopes)), n)
    logits = rng.normal(-1, 2, len(task))
    labels = rng.random(len(task)) < expit(slopes[task] * logits + shift)
    return LabeledLogits.of(task, logits, labels, len(slopes))


def test_one_assay_alone_is_logistic_regression() -> None:
    cells = simulated(np.array([0.6, 1.4]), 500)
    found = fit_platt(cells, shrink=False)
    for task in range(2):
        own = cells.task == task
        other = LogisticRegression(C=np.inf, tol=1e-10).fit(
            cells.logit[own, None], cells.active[own]
        )
        assert found.slope[task] == pytest.approx(other.coef_[0, 0], abs=1e-5)
        assert found.offset[task] == pytest.approx(other.intercept_[0], abs=1e-5)


def test_assays_with_few_actives_borrow_from_the_panel() -> None:
    slopes = np.full(30, 0.5)
    many = simulated(slopes, 600)
    few = simulated(slopes, 12, seed=1)
    one, other = few.take(few.task <= 4), many.take(many.task > 4)
    mixed = LabeledLogits(
        np.concatenate([one.task, other.task]),
        np.concatenate([one.logit, other.logit]),
        np.concatenate([one.active, other.active]),
        np.concatenate([one.inactive, other.inactive]),
        30,
    )
    shrunk, alone = fit_platt(mixed), fit_platt(mixed, shrink=False)
    assert np.abs(shrunk.slope[:5] - 0.5).max() < 0.1
    assert np.abs(alone.slope[:5] - 0.5).max() > np.abs(shrunk.slope[:5] - 0.5).max()
    assert shrunk.slope[5:] == pytest.approx(alone.slope[5:], abs=0.1)


def test_a_task_without_cells_has_the_numbers_of_the_panel() -> None:
    cells = simulated(np.full(20, 0.5), 1000)
    found = fit_platt(cells.take(cells.task != 3))
    assert found.slope[3] == pytest.approx(found.slope.mean(), abs=0.05)


def test_what_is_calibrated_already_stays() -> None:
    cells = simulated(np.ones(12), 600)
    found, alone = fit_platt(cells), fit_platt(cells, shrink=False)
    assert np.abs(found.numbers - AS_IT_IS).mean() < np.abs(alone.numbers - AS_IT_IS).mean()
    assert np.abs(found.numbers - AS_IT_IS).max() < 0.3


def test_one_outcome_alone_stays_finite() -> None:
    cells = simulated(np.ones(3), 50)
    cells = LabeledLogits.of(cells.task, cells.logit, np.zeros(150), 3)
    for shrink in (True, False):
        assert np.isfinite(fit_platt(cells, shrink=shrink).numbers).all()
    assert np.array_equal(fit_platt(cells, shrink=False).numbers, np.tile(AS_IT_IS, (3, 1)))


def test_counts_are_as_good_as_cells() -> None:
    cells = simulated(np.array([0.7]), 300)
    logit, at = np.unique(np.round(cells.logit, 1), return_inverse=True)
    rounded = LabeledLogits(cells.task, logit[at], cells.active, cells.inactive, 1)
    active, inactive = (
        np.bincount(at, each).astype(float) for each in (cells.active, cells.inactive)
    )
    counted = LabeledLogits(np.zeros(len(logit), np.int64), logit, active, inactive, 1)
    assert fit_platt(counted).numbers == pytest.approx(fit_platt(rounded).numbers)


def parts(cells: LabeledLogits, n: int = 5) -> list[ScoreCounts]:
    fold = np.random.default_rng(0).integers(0, n, len(cells.task))
    some = (cells.take(fold == number) for number in range(n))
    return [ScoreCounts.of(part.task, part.logit, part.active, part.n_tasks) for part in some]


def test_it_is_chosen_where_it_helps_on_cells_that_it_was_not_fitted_to() -> None:
    found = chosen_platt(parts(simulated(np.full(10, 0.4), 500)), "validation")
    assert isinstance(found, Calibration)
    assert found.rows == "validation"
    assert found.log_loss_after < found.log_loss_before
    fresh = simulated(np.full(10, 0.4), 500, seed=9)
    assert (fresh.log_loss(found.numbers) < fresh.log_loss(np.tile(AS_IT_IS, (10, 1)))).all()


def test_nothing_is_chosen_where_there_is_nothing_to_learn_from() -> None:
    none = LabeledLogits.of(np.zeros(0, int), np.zeros(0), np.zeros(0), 3)
    assert chosen_platt(parts(none), "validation") is None


def test_nothing_is_chosen_where_it_does_not_help() -> None:
    well = (parts(simulated(np.ones(4), 60, seed=seed)) for seed in range(12))
    assert sum(chosen_platt(each, "validation") is None for each in well) > 6


@pytest.mark.soak
@given(st.integers(1, 4), st.integers(0, 2**31), st.floats(-3, 3), st.floats(0.1, 4))
def test_the_order_of_molecules_is_kept(n: int, seed: int, shift: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    task, logits = rng.integers(0, n, 40), rng.normal(shift, scale, 40)
    labels = rng.integers(0, 2, 40)  # it says nothing, or the opposite
    found = fit_platt(LabeledLogits.of(task, logits, labels, n))
    line = np.linspace(-8, 8, 60)[:, None].repeat(n, axis=1)
    assert (np.diff(found(line), axis=0) >= 0).all()
    assert np.isfinite(found.numbers).all()
