"""What DeepChem's own tests assert of its multitask networks, asserted of ours and of theirs.

Sizes, thresholds and steps are those of DeepChem 2.8's tests of ``MultitaskClassifier``,
``MultitaskRegressor``, ``TorchModel`` and ``ValidationCallback``; the few settings that say how a
network is made are ours.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.needs import installed

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")

BOTH = pytest.mark.parametrize("kind", [pytest.param("theirs", marks=pytest.mark.soak), "ours"])
OURS = pytest.mark.parametrize("kind", ["ours"])
"""Where a threshold is met by luck of DeepChem's own unseeded weights."""
TINY: dict[str, Any] = {"layer_sizes": [1000], "dropouts": [0.0]}
"""Ten rows are to be learned by heart: nothing is dropped, and nothing decays."""


def make(dc: Any, kind: str, n_tasks: int, n_features: int, **settings: Any) -> Any:
    """A network of DeepChem, or ours, of the same arguments."""
    mode = settings.pop("mode", "classification")
    if kind == "theirs":
        of = {"classification": "MultitaskClassifier", "regression": "MultitaskRegressor"}[mode]
        return getattr(dc.models, of)(n_tasks, n_features, **settings)
    from bioassay_mtl.adapters.deepchem import MMoEExModel

    return MMoEExModel(n_tasks, n_features, mode=mode, weight_decay=0.0, **settings)


def ten_rows(dc: Any, n_features: int = 3, n_tasks: int = 1) -> Any:
    rng = np.random.default_rng(123)
    x, y = rng.random((10, n_features)), rng.integers(0, 2, (10, n_tasks))
    return dc.data.NumpyDataset(x, y, np.ones((10, n_tasks)), np.arange(10))


def points(dc: Any) -> Any:
    """The label is whether the first number is the larger one."""
    x = np.random.default_rng(1234).random((10, 2))
    return dc.data.NumpyDataset(x, (x[:, 0] > x[:, 1]).astype(np.float32))


@OURS
def test_classification_overfits(dc: Any, kind: str) -> None:
    data = ten_rows(dc)
    metric = dc.metrics.Metric(dc.metrics.accuracy_score)
    optimizer = dc.models.optimizers.Adam(learning_rate=0.003, beta1=0.9, beta2=0.999)
    model = make(dc, kind, 1, 3, **TINY, batch_size=10, optimizer=optimizer)
    model.fit(data, nb_epoch=100)
    assert model.evaluate(data, [metric])[metric.name] > 0.9


@OURS
def test_skewed_classification_overfits(dc: Any, kind: str) -> None:
    """A twentieth of 100 rows are active, weighed against the others."""
    rng = np.random.default_rng(123)
    x, y = rng.random((100, 100)), (rng.random((100, 1)) < 0.05).astype(float)
    data = dc.data.NumpyDataset(x, y, np.where(y > 0, 1 / 0.05, 1.0))
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    model = make(dc, kind, 1, 100, **TINY, batch_size=100, learning_rate=0.003)
    model.fit(data, nb_epoch=50)
    assert model.evaluate(data, [metric])[metric.name] > 0.95


@OURS
def test_regression_overfits(dc: Any, kind: str) -> None:
    rng = np.random.default_rng(123)
    data = dc.data.NumpyDataset(rng.random((10, 3)), np.zeros((10, 1)), np.ones((10, 1)))
    metric = dc.metrics.Metric(dc.metrics.mean_squared_error)
    model = make(dc, kind, 1, 3, mode="regression", **TINY, batch_size=10, learning_rate=0.003)
    model.fit(data, nb_epoch=100)
    assert model.evaluate(data, [metric])[metric.name] < 0.1


@OURS
@pytest.mark.parametrize("mode", ["classification", "regression"])
def test_ten_tasks_overfit(dc: Any, kind: str, mode: str) -> None:
    rng = np.random.default_rng(123)
    y = np.zeros((10, 10)) if mode == "classification" else rng.random((10, 10))
    data = dc.data.NumpyDataset(rng.random((10, 3)), y, np.ones((10, 10)), np.arange(10))
    name = "accuracy_score" if mode == "classification" else "mean_squared_error"
    metric = dc.metrics.Metric(getattr(dc.metrics, name), task_averager=np.mean)
    model = make(dc, kind, 10, 3, mode=mode, **TINY, batch_size=10, learning_rate=0.003)
    model.fit(data, nb_epoch=100)
    score = model.evaluate(data, [metric])[metric.name]
    assert score > 0.9 if mode == "classification" else score < 0.1


@OURS
@pytest.mark.soak
def test_residual_layers_overfit(dc: Any, kind: str) -> None:
    rng = np.random.default_rng(123)
    data = dc.data.NumpyDataset(rng.random((10, 5)), rng.integers(0, 2, (10, 1)))
    metric = dc.metrics.Metric(dc.metrics.accuracy_score)
    model = make(dc, kind, 1, 5, layer_sizes=[20] * 10, dropouts=0.0, batch_size=10, residual=True)
    model.fit(data, nb_epoch=200)
    assert model.evaluate(data, [metric])[metric.name] > 0.9


@BOTH
@pytest.mark.parametrize("mode", ["classification", "regression"])
@pytest.mark.cases(1)
def test_a_reloaded_model_predicts_the_same(dc: Any, kind: str, mode: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(123)
    data = ten_rows(dc)
    if mode == "regression":
        data = dc.data.NumpyDataset(data.X, rng.random((10, 1)), data.w, data.ids)
    settings = {**TINY, "batch_size": 10, "learning_rate": 0.003, "model_dir": str(tmp_path)}
    model = make(dc, kind, 1, 3, mode=mode, **settings)
    model.fit(data, nb_epoch=100)
    again = make(dc, kind, 1, 3, mode=mode, **settings)
    again.restore()
    some = dc.data.NumpyDataset(rng.random((10, 3)))
    np.testing.assert_array_equal(model.predict(some), again.predict(some))
    assert again.get_global_step() == model.get_global_step() == 100
    if kind == "theirs":
        return
    name = "accuracy_score" if mode == "classification" else "mean_squared_error"
    score = again.evaluate(data, dc.metrics.Metric(getattr(dc.metrics, name)))[name]
    assert score > 0.9 if mode == "classification" else score < 0.1


@OURS
def test_points_are_learned_and_scored_by_a_generator(dc: Any, kind: str) -> None:
    data = points(dc)
    model = make(dc, kind, 1, 2, **TINY, learning_rate=0.005)
    model.fit(data, nb_epoch=200)
    predicted = model.predict_on_batch(data.X)[:, 0].argmax(axis=1)
    np.testing.assert_array_equal(predicted, data.y.ravel())
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    generator = model.default_generator(data, pad_batches=False)
    assert model.evaluate_generator(generator, [metric])[metric.name] > 0.9


@BOTH
def test_losses_of_one_step_epochs(dc: Any, kind: str) -> None:
    losses: list[float] = []
    model = make(dc, kind, 1, 2, **TINY, learning_rate=0.005, log_frequency=10, batch_size=10)
    model.fit(points(dc), nb_epoch=100, all_losses=losses)
    assert len(losses) == 10
    assert np.count_nonzero(losses) == 10


@OURS
def test_single_batches_are_learned(dc: Any, kind: str) -> None:
    data = points(dc)
    model = make(dc, kind, 1, 2, **TINY, learning_rate=0.005)
    for x, y, w, _ in data.iterbatches(model.batch_size, 200):
        model.fit_on_batch(x, y, w, checkpoint=False)
    predicted = model.predict_on_batch(data.X)[:, 0].argmax(axis=1)
    np.testing.assert_array_equal(predicted, data.y.ravel())
    assert model.get_global_step() == 200
    assert not model.get_checkpoints()


@OURS
def test_a_step_after_restore_spoils_nothing(dc: Any, kind: str) -> None:
    data = points(dc)
    model = make(dc, kind, 1, 2, **TINY, learning_rate=0.005)
    model.fit(data, nb_epoch=200)
    again = make(dc, kind, 1, 2, **TINY, model_dir=model.model_dir, learning_rate=0.001)
    again.fit(data, nb_epoch=1, restore=True)
    predicted = again.predict_on_batch(data.X)[:, 0].argmax(axis=1)
    np.testing.assert_array_equal(predicted, data.y.ravel())


@BOTH
def test_a_saved_checkpoint_makes_two_models_equal(dc: Any, kind: str) -> None:
    data = ten_rows(dc)
    one = make(dc, kind, 1, 3, **TINY)
    two = make(dc, kind, 1, 3, **TINY, model_dir=one.model_dir)
    one.fit(data, nb_epoch=2, checkpoint_interval=0)
    two.fit(data, nb_epoch=5, checkpoint_interval=0)
    before = one.predict_on_batch(data.X)
    assert not np.array_equal(before, two.predict_on_batch(data.X))
    one.save_checkpoint()
    two.restore()
    np.testing.assert_array_equal(one.predict_on_batch(data.X), before)
    np.testing.assert_array_equal(two.predict_on_batch(data.X), before)


@BOTH
def test_embeddings(dc: Any, kind: str) -> None:
    data = ten_rows(dc)
    model = make(dc, kind, 1, 3, layer_sizes=[24], dropouts=0.0)
    model.fit(data, nb_epoch=2)
    found = model.predict_embedding(data)
    assert found.shape[0] == 10
    assert found.shape[1] % 24 == 0
    assert found.dtype == np.float32


@BOTH
def test_what_validation_reports(
    dc: Any, kind: str, dataset: Any, weights: Any, tmp_path: Path
) -> None:
    """The last score is the model's, the best one's weights are kept."""
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score, np.mean)
    train, valid = dc.splits.RandomSplitter().train_test_split(dataset, frac_train=0.7, seed=0)
    log = io.StringIO()
    callback = dc.models.ValidationCallback(
        *(valid, 5, [metric], log), save_dir=str(tmp_path), save_on_minimum=False
    )
    model = make(dc, kind, 3, 256, batch_size=16, learning_rate=0.01)
    model.fit(train, nb_epoch=5, callbacks=callback)
    lines = log.getvalue().splitlines()
    assert [line.split(" validation")[0] for line in lines] == [
        f"Step {step}" for step in range(5, model.get_global_step() + 1, 5)
    ]
    scores = [float(line.split("=")[-1]) for line in lines]
    assert model.get_global_step() % 5 == 0
    now = model.evaluate(valid, [metric])[metric.name]
    assert now == pytest.approx(scores[-1], abs=1e-5)
    assert callback.get_best_score() == pytest.approx(max(scores), abs=1e-5)
    model.restore(model_dir=str(tmp_path))
    best = model.evaluate(valid, [metric])[metric.name]
    assert best == pytest.approx(max(scores), abs=1e-5)
    other = dc.models.ValidationCallback(valid, 5, [metric], log, save_on_minimum=False)
    model.fit(train, nb_epoch=5, callbacks=[other])
    assert other.get_best_score() > 0.5


@BOTH
def test_uncertainty_is_refused_where_there_is_none(dc: Any, kind: str) -> None:
    data = ten_rows(dc)
    one: dict[str, Any] = TINY
    if kind == "ours":
        one = {"network": {"experts": [{"inputs": ["features"], "n": 1, "width": 8}]}}
    model = make(dc, kind, 1, 3, **one)
    model.fit(data, nb_epoch=1)
    with pytest.raises(ValueError, match="This model cannot compute uncertainties"):
        model.predict_uncertainty(data)
    with pytest.raises(ValueError, match="This model cannot compute uncertainties"):
        model.predict_uncertainty_on_batch(data.X)


@OURS
def test_a_learning_rate_that_falls(dc: Any, kind: str) -> None:
    data = ten_rows(dc)
    metric = dc.metrics.Metric(dc.metrics.accuracy_score)
    rate = dc.models.optimizers.ExponentialDecay(0.003, 0.95, 10)
    model = make(dc, kind, 1, 3, **TINY, batch_size=10, learning_rate=rate)
    model.fit(data, nb_epoch=100)
    assert model.evaluate(data, [metric])[metric.name] > 0.9


@BOTH
def test_losses_reach_tensorboard(dc: Any, kind: str) -> None:
    installed("tensorboard", "tensorboard")
    model = make(dc, kind, 1, 2, **TINY, tensorboard=True, log_frequency=1)
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    callback = dc.models.ValidationCallback(points(dc), 2, [metric], io.StringIO())
    model.fit(points(dc), nb_epoch=10, callbacks=callback)
    (events,) = Path(model.model_dir).glob("events*")
    assert events.stat().st_size > 0


class Logged:
    """Stands for Weights & Biases, which wants an account."""

    initialized = False

    def __init__(self) -> None:
        self.config: dict[str, Any] = {}
        self.data: list[tuple[str, int]] = []

    def setup(self) -> None:
        self.initialized = True

    def update_config(self, config: dict[str, Any]) -> None:
        self.config |= config

    def log_data(self, data: dict[str, Any], step: int, dataset_id: int | None = None) -> None:
        self.data += [(name, step) for name in data]


@BOTH
def test_losses_reach_weights_and_biases(dc: Any, kind: str) -> None:
    logger = Logged()
    model = make(
        *(dc, kind, 1, 2), **TINY, wandb_logger=logger, log_frequency=4, learning_rate=0.01
    )
    assert logger.initialized
    assert logger.config["learning_rate"] == 0.01
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    callback = dc.models.ValidationCallback(points(dc), 8, [metric], io.StringIO())
    model.fit(points(dc), nb_epoch=10, callbacks=callback)
    found = [("train/loss", 4), ("train/loss", 8), ("eval/roc_auc_score", 8)]
    assert sorted(logger.data) == sorted(found)
