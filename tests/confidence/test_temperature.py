from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from bioassay_mtl.confidence.temperature import ClassLogits, chosen_temperatures, fit_temperatures


def simulated(slopes: list[float], n: int, k: int = 3, seed: int = 0) -> ClassLogits:
    """Classes drawn with the probabilities ``softmax(slope * logits)``, n of each task."""
    rng = np.random.default_rng(seed)
    parts = []
    for task, slope in enumerate(slopes):
        logits = rng.normal(0, 2, (n, k + task % 2))  # every other task has a class more
        labels = np.array([rng.choice(len(p), p=p) for p in softmax(slope * logits, axis=1)])
        parts.append((task, logits, labels))
    return ClassLogits.of(parts, len(slopes))


def folds(cells: ClassLogits) -> NDArray[np.int64]:
    return np.random.default_rng(0).integers(0, 5, len(cells.task))


def test_one_assay_alone_has_the_highest_likelihood() -> None:
    cells = simulated([0.5, 1.7], 400)
    found = fit_temperatures(cells, shrink=False)
    for task, slope in enumerate(found.tolist()):
        own = cells.take(cells.task == task)

        def loss(slope: float, own: ClassLogits = own) -> float:
            return -float(log_softmax(slope * own.logits, axis=1)[range(400), own.label].sum())

        assert slope == pytest.approx(minimize_scalar(loss, (0.1, 3)).x, abs=1e-4)


def test_assays_with_few_cells_borrow_from_the_panel() -> None:
    many, few = simulated([0.5] * 20, 300), simulated([0.5] * 20, 6, seed=1)
    parts = [many.take(many.task > 3), few.take(few.task <= 3)]
    task, label = (np.concatenate([getattr(p, f) for p in parts]) for f in ("task", "label"))
    mixed = ClassLogits(task, np.concatenate([p.logits for p in parts]), label, 20)
    shrunk, alone = fit_temperatures(mixed), fit_temperatures(mixed, shrink=False)
    assert np.abs(shrunk[:4] - 0.5).max() < 0.15
    assert np.abs(alone[:4] - 0.5).max() > np.abs(shrunk[:4] - 0.5).max()
    assert shrunk[4:] == pytest.approx(alone[4:], abs=0.15)


def test_what_is_too_sure_is_mended_on_cells_that_nobody_fitted() -> None:
    cells = simulated([0.4] * 6, 200)
    slopes, before, after = chosen_temperatures(cells, folds(cells))
    assert (after < before).all()
    new = simulated([0.4] * 6, 1000, seed=7)
    assert (new.loss(slopes) < new.loss(np.ones(6))).all()


def test_good_probabilities_are_left_alone_most_often() -> None:
    found = [simulated([1.0] * 4, 60, seed=seed) for seed in range(12)]
    kept = [np.abs(chosen_temperatures(each, folds(each))[0] - 1).max() for each in found]
    assert np.median(kept) < 0.1


def test_where_there_is_nothing_nothing_changes() -> None:
    nothing = ClassLogits.of([], 3)
    slopes, before, after = chosen_temperatures(nothing, np.zeros(0, np.int64))
    assert slopes.tolist() == [1, 1, 1]
    assert np.isnan(before).all()
    assert np.isnan(after).all()
    one = fit_temperatures(ClassLogits.of([(1, np.ones((1, 2)), np.array([0]))], 3))
    assert one.tolist() == pytest.approx([1, 1, 1], abs=0.01)
