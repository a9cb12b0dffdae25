"""Differences between two models on the same cells, by resampled molecules."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from bioassay_mtl.metrics.differences import differences
from bioassay_mtl.tasks.kinds import Binary, Regression
from bioassay_mtl.tasks.measured import MeasuredCells

KINDS = (Binary(), Regression())


def measured(n: int) -> tuple[MeasuredCells, np.ndarray, np.ndarray]:
    """An assay of each kind, a good prediction of both, and one of noise."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(n, 2))
    labels = np.stack([truth[:, 0] > 0.5, truth[:, 1]], axis=1).astype(np.float64)
    labels[rng.random(labels.shape) < 0.2] = np.nan
    good, noise = truth + 0.3 * rng.normal(size=(n, 2)), rng.normal(size=(n, 2))
    for each in (good, noise):
        each[:, 0] = 1 / (1 + np.exp(-each[:, 0]))
    return MeasuredCells.from_dense(labels, None), good, noise


def test_the_difference_is_that_of_scikit_learn_and_its_sign_turns_round() -> None:
    cells, good, noise = measured(200)
    found = differences(cells, good, noise, ["a", "b"], KINDS)
    assert found.metrics == ("roc_auc", "r2")
    expected = []
    for task, score in enumerate((roc_auc_score, r2_score)):
        here = cells.of_task(task)
        values = [score(here.values, each[here.rows, task]) for each in (good, noise)]
        expected.append(values[0] - values[1])
    assert found.values == pytest.approx(expected, abs=1e-6)
    assert found.better.all()
    assert not found.worse.any()
    back = differences(cells, noise, good, ["a", "b"], KINDS)
    assert back.worse.all()
    assert back.values == pytest.approx(-found.values)


def test_equal_predictions_are_level_and_intervals_hold_the_difference() -> None:
    cells, good, noise = measured(60)
    same = differences(cells, good, good, ["a", "b"], KINDS)
    assert (same.values == 0).all()
    assert not (same.better | same.worse).any()
    found = differences(cells, good, noise, ["a", "b"], KINDS)
    assert (found.ends[:, 0] <= found.values).all()
    assert (found.values <= found.ends[:, 1]).all()
    # The same molecules are drawn for both, so that what they share cancels.
    near = differences(cells, good, 0.999 * good, ["a", "b"], KINDS)
    assert np.ptp(near.ends, axis=1).max() < 0.01


def test_some_assays_of_several() -> None:
    cells, good, noise = measured(60)
    found = differences(cells, good, noise, ["a", "b"], KINDS)
    part = found.of(np.array([False, True]))
    assert part.metrics == ("r2",)
    assert part.values == found.values[1:]
