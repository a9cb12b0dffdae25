"""The table over assays, and its bootstrap."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bioassay_mtl.errors import InputError
from bioassay_mtl.metrics import evaluate, metrics

TASKS = ["common", "rare", "no active", "no inactive", "unmeasured"]


@pytest.fixture(scope="module")
def cells() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    labels = generator.integers(-1, 2, (80, 5)).astype(np.int8)
    labels[:, 1] = np.where(np.arange(80) == 7, 1, np.minimum(labels[:, 1], 0))
    labels[:, 2] = np.minimum(labels[:, 2], 0)
    labels[:, 3] = np.where(labels[:, 3] == 0, -1, labels[:, 3])
    labels[:, 4] = -1
    p = (0.5 * generator.random((80, 5)) + 0.3 * (labels == 1)).round(2)
    p[labels < 0] = np.nan
    return labels, p


def test_table_macro_and_degenerate_assays(cells: tuple[np.ndarray, np.ndarray]) -> None:
    labels, p = cells
    result = evaluate(labels, p, TASKS)
    assert result.degenerate == ("no active", "no inactive", "unmeasured")
    np.testing.assert_array_equal(result.n_actives, (labels == 1).sum(axis=0))
    np.testing.assert_array_equal(result.n_inactives, (labels == 0).sum(axis=0))
    for name, metric in metrics.items():
        np.testing.assert_array_equal(result.values[name], metric(labels, p))
        assert result.macro[name] == pytest.approx(result.values[name][:2].mean())
    table = result.table()
    assert list(table.index) == TASKS
    assert list(table.columns) == ["n_actives", "n_inactives", *metrics]
    assert table.loc["common", "roc_auc"] == result.values["roc_auc"][0]


def test_json_has_no_nan(cells: tuple[np.ndarray, np.ndarray]) -> None:
    result = evaluate(*cells, TASKS, n_bootstrap=5)
    held = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert held["n_molecules"] == 80
    assert held["n_tasks"] == 5
    assert held["n_tasks_in_macro"] == 2
    assert held["degenerate_tasks"] == ["no active", "no inactive", "unmeasured"]
    assert held["tasks"][4]["brier"] is None
    assert held["tasks"][4]["task"] == "unmeasured"
    assert held["tasks"][0]["n_actives"] == int((cells[0][:, 0] == 1).sum())
    assert held["macro"]["bedroc_low"] <= held["macro"]["bedroc_high"]


def test_nothing_to_evaluate() -> None:
    result = evaluate(np.zeros((0, 1), np.int8), np.zeros((0, 1)), ["x"], n_bootstrap=3)
    assert result.degenerate == ("x",)
    assert np.isnan(result.macro["roc_auc"])
    assert result.to_json()["macro"]["roc_auc"] is None


def naive_interval(values: np.ndarray, estimate: float, limits: tuple[float, float]) -> np.ndarray:
    """The percentiles of resampled values, moved until their median is the estimate."""
    known = values[np.isfinite(values)]
    if not len(known) or np.isnan(estimate):
        return np.array([np.nan, np.nan])
    interval: np.ndarray = np.percentile(known, [2.5, 97.5]) - np.median(known) + estimate
    clipped: np.ndarray = np.clip(interval, *limits)
    return clipped


def test_bootstrap_is_the_naive_one(cells: tuple[np.ndarray, np.ndarray]) -> None:
    labels, p = cells
    n = 70  # more than are computed at once
    generator = np.random.default_rng(9)
    naive = {name: np.full((5, n), np.nan) for name in metrics}
    for resample in range(n):
        rows = generator.integers(len(labels), size=len(labels))
        for name, metric in metrics.items():
            naive[name][:, resample] = metric(labels[rows], p[rows])
    result = evaluate(labels, p, TASKS, n_bootstrap=n, seed=9)
    assert result.intervals is not None
    of_means = result.kind_macro_intervals["binary"]
    for name in metrics:
        limits = metrics[name].limits
        for task in (0, 1, 2):
            expected = naive_interval(naive[name][task], result.values[name][task], limits)
            np.testing.assert_allclose(result.intervals[name][task], expected, rtol=1e-9)
        macro = np.nanmean(naive[name][:2], axis=0)
        expected = naive_interval(macro, result.macro[name], limits)
        np.testing.assert_allclose(of_means[name], expected, rtol=1e-9)
    # The one active of "rare" is missing from a third of the resamples.
    assert 10 < np.isnan(naive["roc_auc"][1]).sum() < 40
    assert np.isnan(result.intervals["roc_auc"][2:]).all()


def test_bootstrap_is_repeatable_and_leaves_the_values(
    cells: tuple[np.ndarray, np.ndarray],
) -> None:
    bare = evaluate(*cells, TASKS).to_json()
    first, again, other = (
        evaluate(*cells, TASKS, n_bootstrap=20, seed=seed).to_json() for seed in (1, 1, 2)
    )
    assert first == again
    assert first["macro"] != other["macro"]
    assert bare["macro"].items() <= first["macro"].items()


def test_faults_are_named(cells: tuple[np.ndarray, np.ndarray]) -> None:
    labels, p = cells
    with pytest.raises(InputError, match="fit together"):
        evaluate(labels, p, TASKS[:3])
    for value in (np.nan, 1.5, -0.1, np.inf):
        row = int(np.flatnonzero(labels[:, 0] >= 0)[4])
        faulty = p.copy()
        faulty[row, 0] = value
        with pytest.raises(InputError, match=f"1 measured cells .* row {row}, 'common'"):
            evaluate(labels, faulty, TASKS)
