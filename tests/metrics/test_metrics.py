"""Each metric against an independent computation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit.ML.Scoring import Scoring
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from bioassay_mtl.metrics import (
    Metric,
    average_precision,
    bedroc,
    brier,
    calibration_error,
    enrichment_factor,
    macro_average_precision,
    metrics,
    roc_auc,
)

RANKING = [roc_auc, average_precision, enrichment_factor, bedroc]


@st.composite
def masked_columns(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Labels (n, T) with unmeasured cells, and probabilities with many ties."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, n_tasks = draw(st.integers(2, 80)), draw(st.integers(1, 4))
    labels = generator.integers(-1, 2, (n, n_tasks)).astype(np.int8)
    levels = draw(st.sampled_from([1, 2, 5, 1000]))
    scores = generator.integers(0, levels + 1, (n, n_tasks)) / levels
    scores[labels < 0] = np.nan
    return labels, scores.astype(draw(st.sampled_from([np.float32, np.float64])))


def evaluable(labels: np.ndarray) -> np.ndarray:
    return np.asarray((labels == 1).any(axis=0) & (labels == 0).any(axis=0))


@settings(max_examples=150, deadline=None)
@given(masked_columns())
def test_parity_with_scikit_learn(columns: tuple[np.ndarray, np.ndarray]) -> None:
    labels, scores = columns
    found = [metric(labels, scores) for metric in (roc_auc, average_precision, brier)]
    for task, defined in enumerate(evaluable(labels)):
        measured = labels[:, task] >= 0
        y, p = labels[measured, task], scores[measured, task].astype(np.float64)
        if defined:
            assert found[0][task] == pytest.approx(roc_auc_score(y, p), abs=1e-12)
            assert found[1][task] == pytest.approx(average_precision_score(y, p), abs=1e-12)
        else:
            assert np.isnan(found[0][task])
            assert np.isnan(found[1][task])
        if measured.any():
            expected = brier_score_loss(y, p, pos_label=1) if defined else np.mean((y - p) ** 2)
            assert found[2][task] == pytest.approx(expected, abs=1e-12)
        else:
            assert np.isnan(found[2][task])


@settings(max_examples=100, deadline=None)
@given(masked_columns())
def test_macro_average_precision(columns: tuple[np.ndarray, np.ndarray]) -> None:
    labels, scores = columns
    expected = [
        average_precision_score(labels[rows, task], scores[rows, task])
        for task in np.flatnonzero(evaluable(labels))
        if len(rows := np.flatnonzero(labels[:, task] >= 0))
    ]
    found = macro_average_precision(labels, scores)
    if expected:
        assert found == pytest.approx(np.mean(expected), abs=1e-12)
    else:
        assert math.isnan(found)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 400), st.floats(1, 80))
def test_parity_with_rdkit_without_ties(seed: int, n: int, alpha: float) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, n)
    labels[:2] = 0, 1
    scores = generator.permutation(n) / n
    ranked = [[active] for active in labels[np.argsort(-scores)]]
    assert bedroc(labels, scores, alpha=alpha)[0] == pytest.approx(
        Scoring.CalcBEDROC(ranked, 0, alpha), abs=1e-9
    )
    for fraction in (0.01, 0.13, 0.5):
        assert enrichment_factor(labels, scores, fraction=fraction)[0] == pytest.approx(
            Scoring.CalcEnrichment(ranked, 0, [fraction])[0]
        )


def all_orders(labels: list[int], scores: list[float]) -> list[list[list[int]]]:
    """Every ranking that the scores allow."""
    runs = [
        [label for label, score in zip(labels, scores, strict=True) if score == level]
        for level in sorted(set(scores), reverse=True)
    ]
    return [
        [[label] for run in order for label in run]
        for order in itertools.product(*map(itertools.permutations, runs))
    ]


@pytest.mark.parametrize(
    ("labels", "scores"),
    [
        ([1, 0, 0, 1, 0, 0], [0.5] * 6),
        ([1, 0, 0, 1, 0, 1, 0], [0.9, 0.9, 0.9, 0.5, 0.5, 0.5, 0.1]),
        ([0, 0, 1, 1], [0.2, 0.3, 0.3, 0.1]),
    ],
)
def test_ties_count_as_the_mean_over_their_orders(labels: list[int], scores: list[float]) -> None:
    orders = all_orders(labels, scores)
    y, p = np.array(labels), np.array(scores)
    assert bedroc(y, p)[0] == pytest.approx(
        np.mean([Scoring.CalcBEDROC(order, 0, 20.0) for order in orders]), abs=1e-12
    )
    for fraction in (0.1, 0.3, 0.5):
        expected = np.mean([Scoring.CalcEnrichment(order, 0, [fraction])[0] for order in orders])
        assert enrichment_factor(y, p, fraction=fraction)[0] == pytest.approx(expected)


def test_the_cut_of_the_enrichment_factor_is_not_moved_by_rounding() -> None:
    n = 2_900  # 0.01 * 2900 > 29 in floating point
    labels = np.zeros(n, dtype=int)
    labels[29] = 1  # the 30th molecule
    labels[0] = 1
    assert enrichment_factor(labels, -np.arange(n, dtype=float))[0] == pytest.approx(50)


def naive_calibration_error(y: np.ndarray, p: np.ndarray, n_bins: int) -> float:
    total = 0.0
    for place in range(n_bins):
        low, high = place / n_bins, (place + 1) / n_bins
        inside = (p >= low) & ((p < high) | (place == n_bins - 1))
        if inside.any():
            total += inside.mean() * abs(y[inside].mean() - p[inside].mean())
    return total


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 200), st.integers(1, 20))
def test_calibration_error_is_the_loop_over_bins(seed: int, n: int, n_bins: int) -> None:
    generator = np.random.default_rng(seed)
    labels, p = generator.integers(0, 2, n), generator.random(n)
    found = calibration_error(labels, p, n_bins=n_bins)[0]
    assert found == pytest.approx(naive_calibration_error(labels, p, n_bins), abs=1e-12)


def test_calibration_error_of_both_ends() -> None:
    labels, p = np.array([1, 1, 0, 0]), np.array([1.0, 1.0, 0.0, 0.0])
    assert calibration_error(labels, p)[0] == 0
    assert calibration_error(1 - labels, p)[0] == 1


@pytest.mark.parametrize("metric", metrics.values(), ids=list(metrics))
def test_all_metrics_share_their_rules(metric: Metric) -> None:
    generator = np.random.default_rng(1)
    labels = generator.integers(-1, 2, (60, 5)).astype(np.int8)
    labels[:, 4] = -1
    p = generator.random((60, 5)).round(1)
    values = metric(labels, p)
    assert values.shape == (5,)
    assert np.isnan(values[4])
    # What is predicted for an unmeasured cell changes nothing, nor does the order of rows.
    other = np.where(labels < 0, np.nan, p)
    np.testing.assert_array_equal(metric(labels, other), values)
    order = generator.permutation(60)
    np.testing.assert_allclose(metric(labels[order], p[order]), values, rtol=1e-12)
    # Tasks are permuted with their columns; one column alone is one task.
    np.testing.assert_array_equal(metric(labels[:, ::-1], p[:, ::-1]), values[::-1])
    np.testing.assert_array_equal(metric(labels[:, 0], p[:, 0]), values[:1])
    assert metric.__doc__ is not None
    assert metrics[metric.name] is metric
    with pytest.raises(ValueError, match="shape"):
        metric(labels, p[:, :3])
    p[np.flatnonzero(labels[:, 1] >= 0)[3], 1] = np.nan
    with pytest.raises(ValueError, match="nan"):
        metric(labels, p)


@pytest.mark.parametrize("metric", RANKING, ids=lambda m: m.name)
def test_ranking_metrics_see_only_the_order(metric: Metric) -> None:
    generator = np.random.default_rng(2)
    labels, p = generator.integers(0, 2, (50, 2)), generator.random((50, 2)).round(1)
    np.testing.assert_array_equal(metric(labels, p), metric(labels, 3 * p - 100))
    perfect = metric(labels, labels.astype(float))
    np.testing.assert_array_less(metric(labels, p), perfect + 1e-12)
    for degenerate in (np.zeros((50, 2)), np.ones((50, 2))):
        assert np.isnan(metric(degenerate, p)).all()
