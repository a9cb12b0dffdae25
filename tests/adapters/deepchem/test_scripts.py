"""Scripts of a user of DeepChem: folds, searches, transformers, a callback that stops."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.adapters.deepchem.conftest import N_BITS, SMALL

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


@pytest.mark.parametrize("splitter", ["RandomSplitter", "RandomStratifiedSplitter"])
@pytest.mark.cases(1)
def test_folds(dc: Any, ours: Any, dataset: Any, splitter: str) -> None:
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    scores = []
    for train, valid in getattr(dc.splits, splitter)().k_fold_split(dataset, 3):
        model = ours(3, N_BITS, **SMALL)
        model.fit(train, nb_epoch=8)
        scores.append(model.evaluate(valid, metric)["roc_auc_score"])
    assert np.mean(scores) > 0.65
    assert len(set(scores)) == 3


@pytest.mark.parametrize("search", ["GridHyperparamOpt", "RandomHyperparamOpt"])
def test_searches(dc: Any, ours: Any, dataset: Any, tmp_path: Path, search: str) -> None:
    parts = dc.splits.RandomSplitter().train_valid_test_split(dataset, seed=0)
    make = getattr(dc.hyper, search)
    builder = lambda **given: ours(3, N_BITS, **given)  # noqa: E731
    optimizer = make(builder) if "Grid" in search else make(builder, max_iter=2)
    choices: dict[str, Any] = {"layer_sizes": [[8], [16]], "learning_rate": [0.01]}
    if "Random" in search:
        choices = {"layer_sizes": [[8], [16]], "learning_rate": lambda: 0.01}
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        best, settings, scores = optimizer.hyperparam_search(
            choices, *parts[:2], metric, nb_epoch=3, logdir=str(tmp_path)
        )
    assert settings["learning_rate"] == 0.01
    assert 1 <= len(scores) <= 2
    assert best.get_checkpoints()
    assert best.evaluate(parts[1], metric)["roc_auc_score"] == pytest.approx(max(scores.values()))


@pytest.mark.parametrize("name", ["NormalizationTransformer", "MinMaxTransformer"])
@pytest.mark.cases(1)
def test_transformers_are_undone(dc: Any, ours: Any, regression: Any, name: str) -> None:
    transformer = getattr(dc.trans, name)(transform_y=True, dataset=regression)
    train = transformer.transform(regression)
    model = ours(3, N_BITS, mode="regression", **SMALL)
    model.fit(train, nb_epoch=20)
    metric = dc.metrics.Metric(dc.metrics.mae_score)
    found = model.predict(train, [transformer])[..., 0]
    measured = regression.w > 0
    error = np.abs(found - regression.y)[measured].mean()
    assert error < 0.5 * np.abs(regression.y - regression.y.mean(axis=0))[measured].mean()
    of_tasks = model.evaluate(train, [metric], [transformer], per_task_metrics=True)[1]["mae_score"]
    for task, score in enumerate(of_tasks):
        of_task = np.abs(found - regression.y)[measured[:, task], task].mean()
        assert score == pytest.approx(of_task, rel=1e-4)


def test_a_callback_that_stops_early(dc: Any, ours: Any, dataset: Any, tmp_path: Path) -> None:
    """The pattern of DeepChem's forum: fit an epoch at a time, keep the best, restore it."""
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    train, valid = dc.splits.RandomSplitter().train_test_split(dataset, frac_train=0.7, seed=1)
    model, best, left = ours(3, N_BITS, tmp_path / "all", **SMALL), 0.0, 3
    while left:
        model.fit(train, nb_epoch=1, checkpoint_interval=0)
        score = model.evaluate(valid, metric)["roc_auc_score"]
        left -= 1
        if score > best:
            best, left = score, 3
            model.save_checkpoint(max_checkpoints_to_keep=1, model_dir=tmp_path / "best")
    model.restore(model_dir=tmp_path / "best")
    assert model.evaluate(valid, metric)["roc_auc_score"] == best > 0.6
    assert len(model.get_checkpoints(tmp_path / "best")) == 1
    assert not model.get_checkpoints()


def test_metrics_of_many_kinds(dc: Any, ours: Any, dataset: Any) -> None:
    model = ours(3, N_BITS, **SMALL)
    model.fit(dataset, nb_epoch=8)
    names = ["accuracy_score", "matthews_corrcoef", "kappa_score", "balanced_accuracy_score"]
    names += ["prc_auc_score", "roc_auc_score"]
    metrics = [dc.metrics.Metric(getattr(dc.metrics, name)) for name in names]
    scores = model.evaluate(dataset, metrics)
    assert len(scores) == 6
    assert {n: s for n, s in scores.items() if not 0.5 < s <= 1} == {}
    assert model.evaluate(dataset, dc.metrics.roc_auc_score)
