"""Batches of generators: learned from, predicted, scored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bioassay_mtl.adapters.arrays import DataError
from tests.adapters.deepchem.conftest import N_BITS, SMALL

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def fitted(ours: Any, dataset: Any) -> Any:
    model = ours(3, N_BITS, **SMALL)
    model.fit(dataset, nb_epoch=8)
    return model


@pytest.mark.parametrize("kind", ["theirs", "ours"])
def test_batches_are_deepchems(dc: Any, ours: Any, dataset: Any, kind: str) -> None:
    make = dc.models.MultitaskClassifier if kind == "theirs" else ours
    model = make(3, N_BITS, batch_size=50)
    batches = list(model.default_generator(dataset, epochs=2))
    assert len(batches) == 8
    for (x,), (y,), (w,) in batches:
        assert x.shape == (50, N_BITS)
        assert y.shape == (50, 3, 2)
        assert w.shape == (50, 3)
    np.testing.assert_array_equal(batches[0][1][0].argmax(axis=2), dataset.y[:50])
    assert batches[3][2][0][10:].sum() == 0  # what fills up the last one has no weight
    short = list(model.default_generator(dataset, pad_batches=False))
    assert [len(x[0]) for x, _, _ in short] == [50, 50, 50, 10]
    mixed = next(iter(model.default_generator(dataset, deterministic=False)))
    assert np.abs(mixed[0][0] - batches[0][0][0]).max() > 0


def test_missing_labels_have_no_weight(dc: Any, ours: Any, dataset: Any) -> None:
    y = np.where(dataset.w > 0, dataset.y, np.nan)
    data = dc.data.NumpyDataset(dataset.X, y, np.ones_like(y), dataset.ids)
    ((_, (labels,), (weights,)),) = ours(3, batch_size=160).default_generator(data)
    np.testing.assert_array_equal(weights, dataset.w)
    assert not np.isnan(labels).any()


@pytest.mark.parametrize("kind", ["theirs", "ours"])
@pytest.mark.parametrize("mode", ["classification", "regression"])
@pytest.mark.cases(2)
def test_one_script_of_generators(
    dc: Any, ours: Any, dataset: Any, regression: Any, kind: str, mode: str
) -> None:
    is_regression = mode == "regression"
    data = regression if is_regression else dataset
    name = "pearson_r2_score" if is_regression else "roc_auc_score"
    metric = dc.metrics.Metric(getattr(dc.metrics, name))
    if kind == "theirs":
        theirs = dc.models.MultitaskRegressor if is_regression else dc.models.MultitaskClassifier
        model = theirs(3, N_BITS, layer_sizes=[32], learning_rate=0.01, dropouts=0.0, batch_size=32)
    else:
        model = ours(3, N_BITS, mode=mode, batch_size=32, **SMALL)
    losses: list[float] = []
    batches = model.default_generator(data, epochs=20, deterministic=False)
    model.fit_generator(batches, all_losses=losses)
    assert model.get_global_step() == 100
    assert len(losses) == 1
    whole = model.predict(data)
    found = model.predict_on_generator(model.default_generator(data, pad_batches=False))
    np.testing.assert_allclose(found, whole, rtol=1e-4, atol=1e-5)
    generator = model.default_generator(data, pad_batches=False)
    scores, of_tasks = model.evaluate_generator(generator, [metric], per_task_metrics=True)
    assert scores[name] > (0.5 if kind == "ours" else 0)
    assert len(of_tasks[name]) == 3
    assert model.predict_embedding(data).shape[0] == len(data)


def test_scores_of_batches_are_those_of_the_dataset(dc: Any, fitted: Any, dataset: Any) -> None:
    metrics = [
        dc.metrics.Metric(getattr(dc.metrics, name)) for name in ("roc_auc_score", "prc_auc_score")
    ]
    expected = fitted.evaluate(dataset, metrics, per_task_metrics=True)
    for pad in (False, True):
        generator = fitted.default_generator(dataset, pad_batches=pad)
        found = fitted.evaluate_generator(generator, metrics, per_task_metrics=True)
        for one, two in zip(found, expected, strict=True):
            for name in expected[0]:
                np.testing.assert_allclose(one[name], two[name])
    plain = fitted.default_generator(dataset, mode="predict", pad_batches=False)
    assert fitted.evaluate_generator(plain, metrics) == pytest.approx(expected[0])


def test_batches_without_lists(ours: Any, dataset: Any) -> None:
    """As ``fit_generator`` of DeepChem takes them: arrays, or lists of one; labels of any shape."""
    x, y, w = dataset.X, dataset.y, dataset.w
    found = []
    for batch in (
        (x, y, w),
        ([x], [y], [w]),
        ([x], np.stack([1 - y, y], axis=2), [w]),
        ([x], [np.where(w > 0, y, np.nan)], []),
        ([x], [np.where(w > 0, y, np.nan)], [None]),
    ):
        model = ours(3, N_BITS, **SMALL)
        model.fit_generator([batch] * 3)
        assert model.get_global_step() == 3
        found.append(model.predict(dataset))
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
    with pytest.raises(DataError, match="a batch has one input, found 2"):
        ours(3).fit_generator([([x, x], y, w)])


def test_no_more_is_drawn_than_is_learned(ours: Any, dataset: Any) -> None:
    drawn: list[int] = []

    def endless() -> Iterator[Any]:
        while True:
            drawn.append(len(drawn))
            yield dataset.X, dataset.y, dataset.w

    class Stop(Exception):
        pass

    def stop(model: Any, step: int) -> None:
        if step == 9:
            raise Stop

    model = ours(3, N_BITS, **SMALL)
    with pytest.raises(Stop):
        model.fit_generator(endless(), callbacks=stop)
    assert len(drawn) == 9
    assert model.get_global_step() == 9
    assert model.predict(dataset).shape == (160, 3, 2)


def test_the_first_rows_tell_what_x_holds(ours: Any, dataset: Any) -> None:
    """More than the first batch: there the last columns may be empty, and counts look like bits."""
    counts = dataset.X.copy()
    counts[100:] *= 3
    model = ours(3, N_BITS, batch_size=20, **SMALL)
    batches = [(counts[i : i + 20], dataset.y[i : i + 20], None) for i in range(0, 160, 20)]
    model.fit_generator(batches)
    assert model.model.featurizer.fingerprints["features"].counts
    assert "first rows" in model.model.card
    assert model.model.training["steps"] == {"all": 8, "on_batches": 8}


def test_empty_batches_count_and_teach_nothing(ours: Any, dataset: Any) -> None:
    model, steps = ours(3, N_BITS, **SMALL), []
    model.fit(dataset, nb_epoch=1)
    before = model.predict(dataset)
    empty = (dataset.X, dataset.y, 0 * dataset.w)
    model.fit_generator([empty] * 3, callbacks=lambda _, step: steps.append(step))
    assert steps == [6, 7, 8]
    np.testing.assert_array_equal(model.predict(dataset), before)


def test_a_restored_model_waits_for_no_further_rows(ours: Any, dataset: Any, fitted: Any) -> None:
    drawn, steps = [], []

    def batches() -> Iterator[Any]:
        for number in range(5):
            drawn.append(number)
            weights = 0 * dataset.w if number == 0 else dataset.w
            yield dataset.X, dataset.y, weights

    model = ours(3, N_BITS, **SMALL)
    model.model = fitted.model
    model.fit_generator(batches(), callbacks=lambda _, step: steps.append((step, len(drawn))))
    assert steps == [(1, 2), (2, 2), (3, 3), (4, 4), (5, 5)]


def test_few_rows_to_scale_columns_by_are_told(ours: Any, caplog: pytest.LogCaptureFixture) -> None:
    x = np.random.default_rng(0).random((70, 3))
    for n_rows, is_told in ((64, True), (65, False)):
        caplog.clear()
        ours(1, 3, layer_sizes=[8]).fit_on_batch(x[:n_rows], x[:n_rows, 0] > 0.5)
        assert ("scaled by the first 64 rows" in caplog.text) == is_told


def test_a_generator_of_ones_own(ours: Any, dataset: Any) -> None:
    """``fit`` and ``predict`` use it, as they do of DeepChem's models."""

    class Half(ours):
        def default_generator(self, dataset: Any, *args: Any, **more: Any) -> Any:
            for (x,), y, w in super().default_generator(dataset, *args, **more):
                yield [x[:, :128]], y, w

    model = Half(3, 128, batch_size=32, **SMALL)
    model.fit(dataset, nb_epoch=3)
    assert model.get_global_step() == 15
    assert model.model.featurizer.n_features == {"features": 128}
    assert model.predict(dataset).shape == (160, 3, 2)


def test_smiles(dc: Any, ours: Any, dataset: Any) -> None:
    settings = {"fingerprints": {"features": {"kind": "morgan", "n_bits": N_BITS}}, **SMALL}
    texts = dc.data.NumpyDataset(dataset.ids.astype(object), dataset.y, dataset.w, dataset.ids)
    model = ours(3, batch_size=64, **settings)
    model.fit_generator(model.default_generator(texts, epochs=10))
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    generator = model.default_generator(texts, pad_batches=False)
    assert model.evaluate_generator(generator, metric)["roc_auc_score"] > 0.8
    assert model.model.training_molecules is None  # not all of them are known


def test_types_of_outputs(fitted: Any, dataset: Any) -> None:
    predicted, embedded = fitted.predict(dataset, output_types=["prediction", "embedding"])
    np.testing.assert_array_equal(predicted, fitted.predict(dataset, output_types="prediction"))
    np.testing.assert_array_equal(embedded, fitted.predict_embedding(dataset))
    assert embedded.shape == (160, 2 * 16)
    assert embedded.dtype == np.float32
    with pytest.raises(ValueError, match="prediction and embedding are there, not variance"):
        fitted.predict(dataset, output_types=["variance"])
