"""Intervals that hold their estimate, and the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioassay_mtl.metrics import Evaluation, evaluate
from bioassay_mtl.metrics.bootstrap import bootstrap_interval
from bioassay_mtl.metrics.registries import kind_metrics
from bioassay_mtl.tasks.kinds import kind_config

CLASSES = {"classes": ["low", "middle", "high"]}
KINDS = [
    kind_config(kind)
    for kind in (
        "binary",
        {"kind": "multiclass", **CLASSES},
        {"kind": "ordinal", **CLASSES},
        "regression",
        "censored",
    )
]
TASKS = [kind.kind for kind in KINDS]


def test_no_interval_where_no_assay_can_be_measured() -> None:
    found = bootstrap_interval(np.full((2, 3, 5), np.nan), np.full((2, 3), np.nan))
    assert np.isnan(found).all()


def test_percentiles_of_unbiased_resamples_stay() -> None:
    values = np.array([np.arange(101.0), np.full(101, np.nan)])
    found = bootstrap_interval(values, np.array([50, np.nan]))
    np.testing.assert_allclose(found, [[2.5, 97.5], [np.nan, np.nan]])


def test_bias_is_taken_off_and_limits_are_kept() -> None:
    values = np.array([np.arange(101.0)])
    found = bootstrap_interval(values, np.array([10.0]), limits=(0, 40))
    np.testing.assert_allclose(found, [[0, 40]])
    found = bootstrap_interval(values, np.array([60.0]))
    np.testing.assert_allclose(found, [[12.5, 107.5]])


def random_evaluation(seed: int) -> Evaluation:
    """Few or many molecules, good, useless or constant predictions, in an assay of each kind."""
    generator = np.random.default_rng(seed)
    n = int(generator.integers(2, 120))
    skill = generator.choice([0, 0.5, 1])
    truth = generator.normal(size=(n, 5))
    said = skill * truth + (1 - skill) * generator.normal(size=(n, 5))
    said = said.round(int(generator.integers(0, 4)))
    classes = np.digitize(truth, [-0.5, 0.5])
    labels = np.column_stack([truth[:, 0] > 1, classes[:, 1], classes[:, 2], truth[:, 3:]])
    labels[generator.random(labels.shape) < 0.2] = np.nan
    of_classes = [np.exp(-((said[:, [t]] - [-1, 0, 1]) ** 2)) for t in (1, 2)]
    shares = [each / each.sum(axis=1, keepdims=True) for each in of_classes]
    chance = 1 / (1 + np.exp(-said[:, [0]]))
    predictions = np.hstack([chance, *shares, said[:, 3:]])
    bounds = np.zeros(labels.shape, np.int8)
    bounds[:, 4] = generator.integers(-1, 2, n) * ~np.isnan(labels[:, 4])
    return evaluate(
        labels.astype(np.float32), predictions, TASKS, kinds=KINDS, bounds=bounds,
        n_bootstrap=25, seed=seed,
    )  # fmt: skip


@pytest.mark.soak
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_interval_holds_its_estimate(seed: int) -> None:
    found = random_evaluation(seed)
    assert found.intervals is not None
    for name, values in found.values.items():
        low, high = found.intervals[name].T
        known = np.isfinite(low)
        assert (low <= values)[known].all(), name
        assert (values <= high)[known].all(), name
    for kind, means in found.kind_macro.items():
        for name, value in means.items():
            low, high = found.kind_macro_intervals[kind][name]
            assert np.isnan(low) or low <= value <= high, name


def test_every_metric_of_every_kind_is_looked_at() -> None:
    found = random_evaluation(3)
    assert set(found.values) == {name for each in kind_metrics.values() for name in each}


def test_calibration_error_of_a_well_calibrated_model_lies_inside() -> None:
    generator = np.random.default_rng(0)
    p = generator.random((2000, 1))
    labels = (generator.random((2000, 1)) < p).astype(np.int8)
    found = evaluate(labels, p, ["a"], n_bootstrap=200)
    assert found.intervals is not None
    (low, high), value = found.intervals["calibration_error"][0], found.values["calibration_error"]
    assert low < value[0] < high


@pytest.fixture(scope="module")
def many() -> tuple[Evaluation, Evaluation]:
    """One model: on very many molecules, and on 300 assays of few."""

    def draw(n: int, n_tasks: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        generator = np.random.default_rng(seed)
        labels = (generator.random((n, n_tasks)) < 0.3).astype(np.int8)
        score = generator.normal(size=labels.shape) + labels
        return labels, 1 / (1 + np.exp(1.5 - score))

    tasks = [str(task) for task in range(300)]
    truth = evaluate(*draw(200_000, 1, seed=1), ["all"])
    return truth, evaluate(*draw(150, 300, seed=2), tasks, n_bootstrap=200)


@pytest.mark.parametrize("name", ["roc_auc", "brier", "average_precision"])
def test_intervals_hold_the_truth_as_often_as_they_say(
    name: str, many: tuple[Evaluation, Evaluation]
) -> None:
    truth, found = many[0].values[name][0], many[1]
    assert found.intervals is not None
    low, high = found.intervals[name].T
    assert 0.9 <= ((low <= truth) & (truth <= high)).mean() <= 0.99
