"""Selections of experts: the best one of an assay, and greedy ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss

from bioassay_mtl.nn.stacking import stackings
from bioassay_mtl.nn.stacking.greedy import average_precision
from tests.nn.stacking import simulated as sim


def test_the_best_expert_of_an_assay_is_that_of_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    outputs, labels = sim.outcomes(rng, 40, (1, 1.2, 1.4), n_tasks=12)
    labels[rng.random(labels.shape) < 0.3] = np.nan
    found = stackings["best"].of({}).fit(sim.held_out(outputs, labels, (sim.BINARY,) * 12))
    for t in range(12):
        here = ~np.isnan(labels[:, t])
        losses = [
            log_loss(labels[here, t], 1 / (1 + np.exp(-outputs[here, e, t])), labels=[0, 1])
            for e in range(3)
        ]
        expected = np.arange(3) == np.argmin(losses)
        np.testing.assert_array_equal(found.weights[t], expected)
        assert found.loss[t] == pytest.approx(min(losses), rel=1e-5)
    assert len({*found.weights.argmax(axis=1)}) > 1


@pytest.mark.parametrize("name", ["best", "greedy"])
def test_an_assay_without_cells_follows_the_others(name: str) -> None:
    outputs, labels = sim.outcomes(np.random.default_rng(0), 300, (0.5, 6), n_tasks=3)
    labels[:, 2] = np.nan
    found = stackings[name].of({}).fit(sim.held_out(outputs, labels, (sim.BINARY,) * 3))
    np.testing.assert_allclose(found.weights[2], found.weights[:2].mean(axis=0), atol=0.02)
    assert found.weights[2, 0] > 0.8


def naive(outputs: Any, labels: Any, steps: int) -> Any:
    """Ensemble selection of one bag, as its paper puts it."""
    chosen: list[int] = []
    best: tuple[float, list[int]] = (np.inf, [])
    for _ in range(steps):
        tried = []
        for e in range(outputs.shape[1]):
            mean = outputs[:, [*chosen, e]].mean(axis=1)
            tried.append(log_loss(labels, 1 / (1 + np.exp(-mean)), labels=[0, 1]))
        chosen.append(int(np.argmin(tried)))
        best = min(best, (min(tried), [*chosen]))
    return np.bincount(best[1], minlength=outputs.shape[1]) / len(best[1])


def test_greedy_selection_is_that_of_a_plain_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs, labels = sim.outcomes(np.random.default_rng(0), 200, (1, 1.5, 2, 9))
    # A bag that has each cell once, so that nothing is drawn.
    generator = np.random.default_rng(0)

    class Each:
        permutation = generator.permutation

        @staticmethod
        def multinomial(n: int, p: Any, bags: int) -> Any:
            return np.ones((bags, n))

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Each())
    method = stackings["greedy"].of({"bags": 1, "threshold": 0})
    found = method.fit(sim.held_out(outputs, labels, (sim.BINARY,)))
    expected = naive(outputs[:, :, 0].astype(float), labels[:, 0], steps=15)
    np.testing.assert_allclose(found.weights[0], expected, rtol=1e-6)
    assert 0 < (expected > 0).sum() < 4


@pytest.mark.parametrize("by", ["loss", "average_precision"])
def test_greedy_selection_prefers_better_experts_and_is_seeded(by: str) -> None:
    outputs, labels = sim.outcomes(np.random.default_rng(0), 400, (0.5, 2, 12))
    held_out = sim.held_out(outputs, labels, (sim.BINARY,))
    method = stackings["greedy"].of({"by": by})
    found = [method.fit(held_out, seed).weights[0] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()
    assert found[0][0] > found[0][1] >= found[0][2]
    assert found[0].sum() == pytest.approx(1)


def test_average_precision_of_bags_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((2, 3, 50))
    labels = (rng.random(50) < 0.3).astype(np.float64)
    bags = rng.integers(0, 3, (2, 50)).astype(np.float64)
    expected: Any = [
        [average_precision_score(labels, row, sample_weight=bag) for row in rows]
        for rows, bag in zip(scores, bags, strict=True)
    ]
    np.testing.assert_allclose(average_precision(scores, labels, bags), expected)
    assert (average_precision(scores, 0 * labels, bags) == 0).all()
    constant = average_precision(np.zeros((1, 1, 4)), np.array([0, 0, 1, 1.0]), np.ones((1, 4)))
    assert constant[0, 0] == pytest.approx((1 / 3 + 1 / 2) / 2)
