"""Metrics of classes and values against scikit-learn, SciPy and scikit-survival."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import (
    balanced_accuracy_score,
    cohen_kappa_score,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    roc_auc_score,
)
from sklearn.metrics import log_loss as sklearn_log_loss
from sksurv.exceptions import NoComparablePairException
from sksurv.metrics import concordance_index_censored

from bioassay_mtl.errors import InputError
from bioassay_mtl.metrics import evaluate, kind_metrics
from bioassay_mtl.metrics.classes import ClassCells
from bioassay_mtl.metrics.values import Values, concordance
from bioassay_mtl.tasks import Binary, Censored, Multiclass, Ordinal, Regression

KINDS = (
    Binary(),
    Multiclass(classes=("a", "b", "c")),
    Ordinal(classes=("low", "medium", "high")),
    Regression(),
    Censored(),
)
TASKS = ["b", "m", "o", "r", "c"]


def panel(seed: int = 0, n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, predictions and bounds of five tasks, a third of the cells not measured."""
    rng = np.random.default_rng(seed)
    labels = np.stack(
        [rng.integers(2, size=n), rng.integers(3, size=n), rng.integers(3, size=n)]
        + [rng.normal(size=n).round(1) for _ in range(2)],
        axis=1,
    ).astype(np.float32)
    chances = rng.dirichlet(np.ones(3), size=(n, 2)).reshape(n, 6)
    values = (labels[:, 3:] + rng.normal(size=(n, 2))).round(1)
    predictions = np.hstack([rng.random((n, 1)).round(1), chances, values])
    labels[rng.random(labels.shape) < 1 / 3] = np.nan
    bounds = np.zeros(labels.shape, np.int8)
    bounds[:, 4] = np.where(np.isnan(labels[:, 4]), 0, rng.integers(-1, 2, size=n))
    return labels, predictions, bounds


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999))
def test_values_equal_those_of_scikit_learn_and_scipy(seed: int) -> None:
    labels, predictions, bounds = panel(seed)
    found = evaluate(labels, predictions, TASKS, kinds=KINDS, bounds=bounds)
    for task, column in ((3, 7), (4, 8)):
        exact = ~np.isnan(labels[:, task]) & (bounds[:, task] == 0)
        y, p = labels[exact, task].astype(float), predictions[exact, column]
        expected = {
            "rmse": mean_squared_error(y, p) ** 0.5,
            "mae": mean_absolute_error(y, p),
            "r2": r2_score(y, p),
            "spearman": spearmanr(y, p).statistic,
        }
        for name, value in expected.items():
            assert found.values[name][task] == pytest.approx(value), name


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999))
def test_classes_equal_those_of_scikit_learn(seed: int) -> None:
    labels, predictions, _ = panel(seed)
    found = evaluate(labels, predictions, TASKS, kinds=KINDS)
    for task, columns in ((1, slice(1, 4)), (2, slice(4, 7))):
        at = ~np.isnan(labels[:, task])
        y, p = labels[at, task].astype(int), predictions[at, columns]
        expected = {
            "roc_auc_ovr": roc_auc_score(y, p, multi_class="ovr", labels=[0, 1, 2]),
            "balanced_accuracy": balanced_accuracy_score(y, p.argmax(axis=1)),
            "log_loss": sklearn_log_loss(y, p, labels=[0, 1, 2]),
            "quadratic_kappa": cohen_kappa_score(y, p.argmax(axis=1), weights="quadratic"),
        }
        for name in kind_metrics[KINDS[task].kind]:
            assert found.values[name][task] == pytest.approx(expected[name]), name
    assert np.isnan(found.values["quadratic_kappa"][1])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9999), st.booleans())
@example(1448, True)
def test_concordance_equals_that_of_scikit_survival(seed: int, from_above: bool) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 40))
    labels, predictions = rng.integers(0, 8, n).astype(float), rng.integers(0, 6, n).astype(float)
    is_bound = rng.random(n) < 0.4
    is_bound[0] = False  # without an event at all it refuses
    order = -1 if from_above else 1  # values known from above are times run backwards
    try:
        # It wants risks: the higher, the earlier. Of no pairs at all it makes 0 / 0.
        with np.errstate(invalid="ignore"):
            expected, *_ = concordance_index_censored(
                ~is_bound, order * labels, -order * predictions
            )
    except NoComparablePairException:
        expected = np.nan
    bounds = np.where(is_bound, order, 0).astype(np.int8)
    found = concordance(Values.of(labels, predictions, bounds))[0]
    assert found == pytest.approx(expected, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9999))
def test_concordance_is_the_naive_loop_with_bounds_on_both_sides(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 25))
    labels, predictions = rng.integers(0, 6, n).astype(float), rng.integers(0, 5, n).astype(float)
    bounds = rng.integers(-1, 2, n).astype(np.int8)
    pairs = won = 0.0
    for i in range(n):
        for j in range(n):
            high = np.inf if bounds[i] > 0 else labels[i]
            low = -np.inf if bounds[j] < 0 else labels[j]
            if high < low or (high == low and (bounds[i] or bounds[j])):
                pairs += 1
                won += 1.0 if predictions[i] < predictions[j] else 0.0
                won += 0.5 if predictions[i] == predictions[j] else 0.0
    found = concordance(Values.of(labels, predictions, bounds))[0]
    assert found == pytest.approx(won / pairs if pairs else np.nan, nan_ok=True)


def test_a_resample_is_the_same_as_the_rows_drawn() -> None:
    labels, predictions, bounds = panel(3)
    drawn = np.random.default_rng(4).integers(len(labels), size=len(labels))
    weights = np.bincount(drawn, minlength=len(labels)).astype(float)[:, None]
    again = evaluate(labels[drawn], predictions[drawn], TASKS, kinds=KINDS, bounds=bounds[drawn])
    values = Values.of(labels[:, 4], predictions[:, 8], bounds[:, 4]).resampled(weights)
    classes = ClassCells.of(labels[:, 2], predictions[:, 4:7]).resampled(weights)
    for kind, task, cells in (("censored", 4, values), ("ordinal", 2, classes)):
        for name, metric in kind_metrics[kind].items():
            expected = again.values[name][task]
            assert metric.compute(cells)[0] == pytest.approx(expected), name


def test_means_are_by_kind_and_degenerate_tasks_are_named() -> None:
    labels, predictions, bounds = panel(1)
    doubled = np.hstack([labels, labels])
    doubled[:, 5] = 1  # actives only
    doubled[:, 6:9] = np.where(np.isnan(doubled[:, 6:9]), np.nan, 1)  # one class, one value
    doubled[:, 9] = np.nan
    kinds, tasks = (*KINDS, *KINDS), [*TASKS, *(f"no {task}" for task in TASKS)]
    found = evaluate(
        doubled,
        np.hstack([predictions, predictions]),
        tasks,
        kinds=kinds,
        bounds=np.hstack([bounds, 0 * bounds]),
        n_bootstrap=10,
    )
    assert found.degenerate == tuple(tasks[5:])
    for kind, macro in found.kind_macro.items():
        task = next(t for t, each in enumerate(KINDS) if each.kind == kind)
        for name, value in macro.items():
            assert value == pytest.approx(found.values[name][task])
            low, high = found.kind_macro_intervals[kind][name]
            assert low <= high
    assert found.macro == found.kind_macro["binary"]
    held = found.to_json()
    assert held["macro"]["roc_auc"] == held["macro_by_kind"]["binary"]["roc_auc"]
    assert held["macro_by_kind"]["censored"]["concordance_low"] is not None
    assert held["tasks"][9]["n_measured"] == 0
    assert held["tasks"][4]["kind"] == "censored"


def test_a_panel_without_binary_tasks_has_the_means_of_its_first_kind() -> None:
    labels, predictions, bounds = panel(2)
    found = evaluate(
        labels[:, 3:], predictions[:, 7:], TASKS[3:], kinds=KINDS[3:], bounds=bounds[:, 3:]
    )
    assert found.macro == found.kind_macro["regression"]


def test_faults_are_named() -> None:
    labels, predictions, _ = panel(0)
    with pytest.raises(InputError, match="9 columns of predictions are expected"):
        evaluate(labels, predictions[:, :5], TASKS, kinds=KINDS)
    labels[:] = 1
    predictions[2, 7] = np.nan
    with pytest.raises(InputError, match="no prediction: row 2, 'r' has nan"):
        evaluate(labels, predictions, TASKS, kinds=KINDS)
