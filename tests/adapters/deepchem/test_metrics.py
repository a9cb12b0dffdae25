"""Scores count measured cells, and no others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

SMALL: dict[str, Any] = {
    "network": {"kind": "mmoeex", "experts": [{"inputs": ["features"], "n": 2, "width": 8}]},
    "epochs": 3,
}
N = 90
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 4))
W = RNG.choice([0.0, 1.0, 2.5], (N, 3))
VALUES = X @ RNG.normal(size=(4, 3)) + RNG.normal(size=(N, 3))
LABELS = {2: (VALUES > 0.3) * 1.0, 3: np.digitize(VALUES, [-0.5, 0.5]) * 1.0}
# DeepChem's own code.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def fitted(dc: Any) -> Any:
    """Models by number of classes; 1 for the regression."""
    from bioassay_mtl.adapters.deepchem import MMoEExModel

    models = {k: MMoEExModel(3, 4, n_classes=k, **SMALL) for k in LABELS}
    models[1] = MMoEExModel(3, 4, mode="regression", **SMALL)
    for k, model in models.items():
        model.fit(dc.data.NumpyDataset(X, LABELS.get(k, VALUES), W))
    return models


def cells(task: int) -> Any:
    return W[:, task] > 0


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("gap", [0.0, -1.0, np.nan])
def test_outcomes_of_measured_cells(dc: Any, fitted: Any, gap: float, weighted: bool) -> None:
    data = dc.data.NumpyDataset(X, np.where(W == 0, gap, LABELS[2]), W)
    score = fitted[2].predict(data)[..., 1]
    scores, per_task = fitted[2].evaluate(
        data,
        [dc.metrics.Metric(dc.metrics.roc_auc_score), dc.metrics.Metric(sk.recall_score)],
        per_task_metrics=True,
        use_sample_weights=weighted,
    )
    for name, metric, found in (
        ("roc_auc_score", sk.roc_auc_score, score),
        ("recall_score", sk.recall_score, score > 0.5),
    ):
        expected = [
            metric(
                LABELS[2][cells(task), task],
                found[cells(task), task],
                sample_weight=W[cells(task), task] if weighted else None,
            )
            for task in range(3)
        ]
        np.testing.assert_allclose(per_task[name], expected)
        assert scores[name] == pytest.approx(np.mean(expected))


def test_classes_of_measured_cells(dc: Any, fitted: Any) -> None:
    data = dc.data.NumpyDataset(X, np.where(W == 0, -1, LABELS[3]), W)
    found = fitted[3].predict(data).argmax(axis=2)
    scores = fitted[3].evaluate(data, dc.metrics.Metric(dc.metrics.accuracy_score), n_classes=3)
    expected = [np.mean((LABELS[3] == found)[cells(task), task]) for task in range(3)]
    assert scores["accuracy_score"] == pytest.approx(np.mean(expected))


def test_values_of_measured_cells(dc: Any, fitted: Any) -> None:
    data = dc.data.NumpyDataset(X, np.where(W == 0, 1e3, VALUES), W)
    normal = dc.trans.NormalizationTransformer(
        transform_y=True, dataset=dc.data.NumpyDataset(X, 5 * VALUES - 2)
    )
    for transformers in ([], [normal]):
        found = fitted[1].predict(data, transformers)[..., 0]
        y = VALUES if not transformers else normal.untransform(VALUES)
        # A metric that takes no weights, and a mere function.
        metrics = [dc.metrics.Metric(dc.metrics.pearson_r2_score), sk.mean_absolute_error]
        scores = fitted[1].evaluate(data, metrics, transformers)
        pairs = [(y[cells(task), task], found[cells(task), task]) for task in range(3)]
        r2 = [np.corrcoef(true, predicted)[0, 1] ** 2 for true, predicted in pairs]
        assert scores["pearson_r2_score"] == pytest.approx(np.mean(r2))
        errors = [np.abs(true - predicted).mean() for true, predicted in pairs]
        assert scores["metric-2"] == pytest.approx(np.mean(errors))


def test_models_of_deepchem_are_scored_alike(dc: Any) -> None:
    from bioassay_mtl.adapters.deepchem import MeasuredMetric

    data = dc.data.NumpyDataset(X, np.where(W == 0, 0, LABELS[2]), W > 0)
    model = dc.models.MultitaskClassifier(3, 4, layer_sizes=[8])
    model.fit(data, nb_epoch=1)
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    expected = model.evaluate(data, [metric], use_sample_weights=True)["roc_auc_score"]
    found = model.evaluate(data, [MeasuredMetric(metric)])["roc_auc_score"]
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_without_gaps_scores_are_deepchems(dc: Any, fitted: Any, k: int) -> None:
    names = ["rms_score", "pearson_r2_score"] if k == 1 else ["accuracy_score", "kappa_score"]
    metrics = [dc.metrics.Metric(getattr(dc.metrics, name), np.max) for name in names]
    for w in (None, np.arange(1.0, N + 1), W + 1):
        data = dc.data.NumpyDataset(X, LABELS.get(k, VALUES), w)
        for weighted in (False, True):
            settings = {"per_task_metrics": True, "n_classes": k, "use_sample_weights": weighted}
            if weighted and k == 1:
                settings |= {"use_sample_weights": False}  # these take no weights
            expected = dc.models.Model.evaluate(fitted[k], data, metrics, **settings)
            assert fitted[k].evaluate(data, metrics, **settings) == expected


def test_a_metric_of_its_own_infers_tasks_as_deepchem_does(dc: Any) -> None:
    from bioassay_mtl.adapters.deepchem import MeasuredMetric

    p = np.stack([1 - W / 3, W / 3], axis=2)
    for metric in (
        dc.metrics.Metric(dc.metrics.roc_auc_score),
        dc.metrics.Metric(dc.metrics.roc_auc_score, n_tasks=3),
    ):
        expected = metric.compute_metric(LABELS[2], p)
        assert MeasuredMetric(metric).compute_metric(LABELS[2], p) == expected
        gaps = LABELS[2].astype(object)
        gaps[W == 0] = None
        assert MeasuredMetric(metric).compute_metric(gaps, p, None, 3, 2, False, False) < 1


@pytest.mark.filterwarnings("ignore:Only one class:sklearn.exceptions.UndefinedMetricWarning")
def test_a_task_with_few_measured_cells(dc: Any, fitted: Any) -> None:
    w = W.copy()
    w[:, 0] = 0
    w[1:, 1] = 0
    w[0, 1] = 1
    for k, name in ((1, "pearson_r2_score"), (2, "roc_auc_score")):
        data = dc.data.NumpyDataset(X, LABELS.get(k, VALUES), w)
        metric = dc.metrics.Metric(getattr(dc.metrics, name))
        mean, per_task = fitted[k].evaluate(data, [metric], per_task_metrics=True)
        assert np.isfinite(per_task[name]).tolist() == [False, False, True]
        assert mean[name] == per_task[name][2]
    data = dc.data.NumpyDataset(X, VALUES, 0 * W)
    assert np.isnan(fitted[1].evaluate(data, dc.metrics.Metric(sk.r2_score))["r2_score"])


def test_an_error_of_the_metric_stays_one(dc: Any, fitted: Any) -> None:
    def broken(y: Any, predicted: Any) -> float:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fitted[1].evaluate(
            dc.data.NumpyDataset(X, VALUES, W), dc.metrics.Metric(broken, mode="regression")
        )


@pytest.mark.soak
def test_the_search_chooses_by_measured_cells(dc: Any) -> None:
    """By all cells, the model that has learned nothing would be the better one."""
    from bioassay_mtl.adapters.deepchem import MMoEExModel

    def build(learning_rate: float, model_dir: str) -> Any:
        return MMoEExModel(3, 4, model_dir, learning_rate=learning_rate, **SMALL)

    w = RNG.permuted(np.arange(N)[:, None] % [3, 3, 3] == 0, axis=0) * 1.0
    train = dc.data.NumpyDataset(X, LABELS[2])
    valid = dc.data.NumpyDataset(X, np.where(w == 0, 1 - LABELS[2], LABELS[2]), w)
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    search = dc.hyper.GridHyperparamOpt(build)
    _, settings, scores = search.hyperparam_search(
        {"learning_rate": [1e-6, 0.016]}, train, valid, metric, nb_epoch=15
    )
    assert settings == {"learning_rate": 0.016}
    assert max(scores.values()) > 0.8
