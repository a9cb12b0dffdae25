"""Grades: intervals that hold what they promise, also of few actives, and a rule by their ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.metrics.evaluation import evaluate
from bioassay_mtl.metrics.grading import (
    auc_interval,
    grade,
    r2_interval,
    scores_of,
    share_interval,
)
from bioassay_mtl.tasks.kinds import kind_config


@pytest.mark.soak
@pytest.mark.parametrize(("n_actives", "n_inactives"), [(5, 200), (20, 400), (100, 100)])
@pytest.mark.parametrize("shift", [0.0, 1.0, 2.5])
def test_intervals_hold_the_truth_in_repeated_draws(
    n_actives: int, n_inactives: int, shift: float
) -> None:
    rng = np.random.default_rng(0)
    labels = np.r_[np.ones(n_actives), np.zeros(n_inactives)].astype(np.int8)[:, None]
    noise = rng.normal(size=(400, len(labels)))
    found = []
    for scores in noise + shift * labels[:, 0]:
        logits = 1 / (1 + np.exp(-scores[:, None]))
        (row,) = evaluate(labels, logits, ["a"]).to_json()["tasks"]
        found.append((scores_of(row)["roc_auc"], scores_of(row)["average_precision"]))
    aucs, precisions = zip(*found, strict=True)
    from math import erf

    truth = 0.5 * (1 + erf(shift / 2))
    assert np.mean([each.low <= truth <= each.high for each in aucs]) > 0.92
    usual = np.mean([each.value for each in precisions])
    assert np.mean([each.low <= usual for each in precisions]) > 0.9


@pytest.mark.parametrize("n", [20, 200])
@pytest.mark.parametrize("explained", [0.0, 0.4, 0.8])
def test_the_interval_of_r2_holds_the_truth(n: int, explained: float) -> None:
    rng = np.random.default_rng(0)
    predicted = rng.normal(size=(500, n)) * np.sqrt(explained)
    values = predicted + rng.normal(size=(500, n)) * np.sqrt(1 - explained)
    errors = ((values - predicted) ** 2).sum(1)
    r2 = 1 - errors / ((values - values.mean(1, keepdims=True)) ** 2).sum(1)
    ends = np.array([r2_interval(each, n) for each in r2])
    assert np.mean((ends[:, 0] <= explained) & (explained <= ends[:, 1])) > 0.94


@given(st.floats(0, 1), st.integers(1, 500), st.integers(1, 10**6))
def test_intervals_are_around_their_score(value: float, n_actives: int, n_inactives: int) -> None:
    for low, high in (
        auc_interval(value, n_actives, n_inactives),
        share_interval(value, n_actives),
    ):
        assert 0 <= low <= value <= high <= 1


def judged(labels: Any, predictions: Any, kind: str = "binary") -> str | None:
    kinds = (kind_config({"kind": kind}),)
    found = evaluate(labels, predictions, ["a"], kinds=kinds)
    return grade(scores_of(found.to_json()["tasks"][0]))


def ranked(n_actives: int, n_inactives: int, above: int) -> tuple[Any, Any]:
    """Actives above all inactives but `above` of these."""
    labels = np.r_[np.zeros(above), np.ones(n_actives), np.zeros(n_inactives - above)]
    return labels.astype(np.int8)[:, None], np.linspace(1, 0, len(labels))[:, None]


def test_a_good_ranking_is_usable_and_a_weak_one_weak() -> None:
    assert judged(*ranked(30, 300, above=5)) == "usable"
    assert judged(*ranked(30, 300, above=50)) == "weak"
    assert judged(*ranked(30, 300, above=200)) == "do not use"


def test_one_active_proves_nothing() -> None:
    assert judged(*ranked(1, 3000, above=3)) != "usable"


def test_without_two_outcomes_there_is_no_grade() -> None:
    labels, predictions = ranked(0, 20, above=0)
    assert judged(labels, predictions) is None


@pytest.mark.parametrize("kind", ["regression", "censored"])
@pytest.mark.parametrize(("noise", "expected"), [(0.3, "usable"), (1.4, "weak"), (9, "do not use")])
def test_values_are_graded_against_the_mean_for_all(kind: str, noise: float, expected: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(400, 1)).astype(np.float32)
    shrunk = (values + noise * rng.normal(size=values.shape)) / (1 + noise**2)
    found = judged(values, shrunk.astype(np.float32), kind)
    assert found == expected
    assert judged(values, -values, kind) == "do not use"


def test_classes_are_graded_by_each_against_the_rest() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (300, 1)).astype(np.float32)
    sure = np.eye(3, dtype=np.float32)[labels[:, 0].astype(int)] * 0.7 + 0.1
    kinds = (kind_config({"kind": "multiclass", "classes": ["a", "b", "c"]}),)
    for predictions, expected in ((sure, "usable"), (np.full_like(sure, 1 / 3), "do not use")):
        row = evaluate(labels, predictions, ["a"], kinds=kinds).to_json()["tasks"][0]
        assert grade(scores_of(row)) == expected
