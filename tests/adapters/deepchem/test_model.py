"""One script drives DeepChem's own models and ours."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bioassay_mtl as bm
from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.errors import ConfigError, ModelFolderError
from tests.adapters.deepchem.conftest import N_BITS, SMALL

# DeepChem's own code: a loss that is made a scalar with its gradient, old functions of numpy.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


@pytest.mark.parametrize("kind", ["theirs", "ours"])
def test_one_classification_script(dc: Any, ours: Any, dataset: Any, kind: str) -> None:
    if kind == "theirs":
        model = dc.models.MultitaskClassifier(3, N_BITS, layer_sizes=[32], learning_rate=0.01)
    else:
        model = ours(n_tasks=3, n_features=N_BITS, **SMALL)
    splitter = dc.splits.RandomSplitter()
    train, test = splitter.train_test_split(dataset, frac_train=0.75, seed=0)
    balanced = dc.trans.BalancingTransformer(dataset=train).transform(train)
    loss = model.fit(balanced, nb_epoch=12)
    assert isinstance(loss, float)
    predicted = model.predict(test)
    assert predicted.shape == (len(test), 3, 2)
    assert predicted.dtype == np.float32
    np.testing.assert_allclose(predicted.sum(axis=2), 1, rtol=1e-5)
    metrics = [
        dc.metrics.Metric(dc.metrics.roc_auc_score),
        dc.metrics.Metric(dc.metrics.prc_auc_score),
    ]
    scores, per_task = model.evaluate(test, metrics, per_task_metrics=True)
    assert set(scores) == {"roc_auc_score", "prc_auc_score"}
    assert len(per_task["roc_auc_score"]) == 3
    assert model.evaluate(train, metrics)["roc_auc_score"] > 0.8
    if kind == "theirs":
        with pytest.raises((ValueError, NotImplementedError), match="uncertaint"):
            model.predict_uncertainty(test)
    else:
        mean, deviation = model.predict_uncertainty(test)
        np.testing.assert_array_equal(mean, predicted)
        assert deviation.shape == predicted.shape
        assert ((deviation >= 0) & (deviation < 0.5)).all()
        assert (deviation > 0).any()


@pytest.mark.parametrize("kind", ["theirs", "ours"])
def test_one_regression_script(dc: Any, ours: Any, regression: Any, kind: str) -> None:
    if kind == "theirs":
        model = dc.models.MultitaskRegressor(3, N_BITS, layer_sizes=[32], learning_rate=0.01)
    else:
        model = ours(3, N_BITS, mode="regression", **SMALL)
    normal = dc.trans.NormalizationTransformer(transform_y=True, dataset=regression)
    train = normal.transform(regression)
    model.fit(train, nb_epoch=20)
    assert model.predict(train).shape == (len(train), 3, 1)
    if kind == "ours":
        assert (model.predict_uncertainty(train)[1] > 0).all()
    back = model.predict(train, [normal])
    np.testing.assert_allclose(
        back[..., 0], model.predict(train)[..., 0] * normal.y_stds + normal.y_means, rtol=1e-4
    )
    metric = dc.metrics.Metric(dc.metrics.pearson_r2_score)
    assert model.evaluate(train, [metric], [normal])["pearson_r2_score"] > 0.5


def test_classes(dc: Any, ours: Any, dataset: Any, values: np.ndarray) -> None:
    classes = np.minimum(values[:, :1], 2)
    data = dc.data.NumpyDataset(dataset.X, classes, ids=dataset.ids)
    for model in (
        dc.models.MultitaskClassifier(1, N_BITS, layer_sizes=[32], n_classes=3, learning_rate=0.01),
        ours(1, N_BITS, n_classes=3, **SMALL),
    ):
        model.fit(data, nb_epoch=8)
        assert model.predict(data).shape == (len(data), 1, 3)
        assert np.mean(model.predict(data)[:, 0].argmax(axis=1) == classes[:, 0]) > 0.7


def test_labels_of_weight_zero_have_no_part(dc: Any, ours: Any, dataset: Any) -> None:
    flipped = dc.data.NumpyDataset(
        dataset.X, np.where(dataset.w == 0, 1 - dataset.y, dataset.y), dataset.w, dataset.ids
    )
    found = []
    for data in (dataset, flipped):
        model = ours(3, N_BITS, **SMALL)
        model.fit(data, nb_epoch=2)
        found.append(model.predict(dataset))
    np.testing.assert_array_equal(*found)


def test_balancing_weights_reach_the_loss(dc: Any, ours: Any, dataset: Any) -> None:
    rare = dataset.y.copy()
    rare[20:, 0] = 0
    data = dc.data.NumpyDataset(dataset.X, rare, dataset.w, dataset.ids)
    balanced = dc.trans.BalancingTransformer(dataset=data).transform(data)
    means = []
    for each in (data, balanced):
        model = ours(3, N_BITS, **SMALL)
        model.fit(each, nb_epoch=4)
        means.append(model.predict(data)[:, 0, 1].mean())
    assert means[1] > 1.5 * means[0]


@pytest.mark.soak
def test_inputs_of_all_kinds(dc: Any, ours: Any, dataset: Any, molecules: list[str]) -> None:
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    texts = {"fingerprints": {"features": {"kind": "morgan", "n_bits": N_BITS}}}
    counts = dc.feat.CircularFingerprint(size=N_BITS, is_counts_based=True)
    reals = dc.feat.RDKitDescriptors(use_fragment=False)
    for x, settings in (
        (counts(molecules), {}),
        (reals(molecules), {}),
        (dc.feat.RawFeaturizer(smiles=True)(molecules), texts),
        (dc.feat.RawFeaturizer()(molecules), texts),
    ):
        width = x.shape[1] if x.ndim > 1 else None
        data = dc.data.DiskDataset.from_numpy(x, dataset.y, dataset.w, dataset.ids)
        model = ours(3, width, **SMALL, **settings)
        model.fit(data, nb_epoch=6)
        if settings:
            assert np.isnan(model.predict_on_batch(np.array([None, None]))).all()
        assert model.evaluate(data, [metric])["roc_auc_score"] > 0.8


def test_scaffold_splits_and_search(dc: Any, ours: Any, dataset: Any, tmp_path: Path) -> None:
    parts = dc.splits.ScaffoldSplitter().train_valid_test_split(
        dataset, frac_train=0.7, frac_valid=0.2
    )
    search = dc.hyper.GridHyperparamOpt(lambda **settings: ours(3, N_BITS, **SMALL, **settings))
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        best, settings, scores = search.hyperparam_search(
            {"learning_rate": [1e-6, 0.016]},
            *parts[:2],
            metric,
            nb_epoch=4,
            logdir=str(tmp_path),
        )
    assert settings == {"learning_rate": 0.016}
    assert len(scores) == 2
    assert best.evaluate(parts[0], [metric])["roc_auc_score"] > 0.7
    assert best.get_task_type() == "classification"
    assert best.get_num_tasks() == 3


def test_checkpoints_are_model_folders(ours: Any, dataset: Any, tmp_path: Path) -> None:
    model = ours(3, N_BITS, tmp_path / "dir", **SMALL)
    with pytest.raises(ModelFolderError, match="no checkpoint"):
        model.restore()
    with pytest.raises(ConfigError, match="no weights yet"):
        model.predict(dataset)
    losses: list[float] = []
    for epochs in (1, 2, 1):
        model.fit(dataset, nb_epoch=epochs, max_checkpoints_to_keep=2, all_losses=losses)
    assert len(losses) == 3  # steps are fewer than log_frequency
    assert losses == sorted(losses, reverse=True)  # each run goes on where the last one ended
    folders = model.get_checkpoints()
    assert [Path(folder).name for folder in folders] == ["checkpoint1", "checkpoint2"]
    assert bm.load(folders[0]).tasks == ("NR-AR", "SR-p53", "c")
    suffixes = {path.suffix for path in (tmp_path / "dir").rglob("*") if path.is_file()}
    assert suffixes == {".safetensors", ".json", ".md"}

    other = ours(3, N_BITS, tmp_path / "dir", **SMALL)
    other.restore()
    np.testing.assert_array_equal(other.predict(dataset), model.predict(dataset))
    other.restore(folders[1])
    assert np.abs(other.predict(dataset) - model.predict(dataset)).max() > 0
    other.save()
    other.reload()
    with pytest.raises(ConfigError, match="other tasks"):
        ours(2, N_BITS, tmp_path / "dir", **SMALL).restore()


def test_predictions_are_the_models(fitted: Any, dataset: Any) -> None:
    found = fitted.predict(dataset)
    np.testing.assert_array_equal(fitted.predict_on_batch(dataset.X[:5]), found[:5])
    assert fitted.fit_on_batch(dataset.X, dataset.y, dataset.w) > 0


@pytest.mark.parametrize("n", [1, 4097])
def test_transformers_are_undone_of_every_number_of_rows(dc: Any, ours: Any, n: int) -> None:
    """DeepChem's normalization mistakes one row alone, also the last of many chunks."""
    rng = np.random.default_rng(0)
    data = dc.data.NumpyDataset(rng.normal(size=(4097, 4)), rng.normal(size=(4097, 3)) * [1, 5, 9])
    normal = dc.trans.NormalizationTransformer(transform_y=True, dataset=data)
    model = ours(3, 4, mode="regression", **SMALL)
    model.fit(normal.transform(data.select(range(64))), nb_epoch=1)
    rows = data.select(range(4097 - n, 4097))
    expected = model.predict(rows) * normal.y_stds[:, None] + normal.y_means[:, None]
    np.testing.assert_allclose(model.predict(rows, [normal]), expected, rtol=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(rows.X, [normal]), expected, rtol=1e-5)


def test_faults_are_named(dc: Any, ours: Any, fitted: Any, dataset: Any) -> None:
    with pytest.raises(ConfigError, match="did you mean 'learning_rate'"):
        ours(3, N_BITS, learning_rat=0.1)
    with pytest.raises(ConfigError, match="mode: 'classification' or 'regression'"):
        ours(3, N_BITS, mode="ranking")
    with pytest.raises(DataError, match="the model has 2 tasks, the dataset 3"):
        ours(2, N_BITS).fit(dataset)
    with pytest.raises(DataError, match=r"X must be \(n, 9\)"):
        ours(3, 9).fit(dataset)
    with pytest.raises(DataError, match="the model reads features"):
        fitted.predict(dc.data.NumpyDataset(dataset.ids))
    for wrong in (dataset.w - 1, np.where(dataset.w > 0, np.inf, 0)):
        with pytest.raises(DataError, match="weights are 0 or more, and finite; found"):
            ours(3, N_BITS).fit(dc.data.NumpyDataset(dataset.X, dataset.y, wrong))
    with pytest.raises(DataError, match="a label is 0 or 1, found -1"):
        ours(3, N_BITS).fit(dc.data.NumpyDataset(dataset.X, 2 * dataset.y - 1))
    with pytest.raises(DataError, match="y must be numbers"):
        ours(1, N_BITS).fit(dc.data.NumpyDataset(dataset.X, dataset.ids))


def test_molecules_learned_from_are_known(dc: Any, ours: Any, molecules: list[str]) -> None:
    texts = np.array(molecules, dtype=object)
    data = [dc.data.NumpyDataset(texts[rows], np.eye(9, 3)) for rows in (range(9), range(20, 29))]
    model = ours(3, layer_sizes=[8])
    for count, some in enumerate(data, start=1):
        model.fit(some, nb_epoch=1)
        assert model.model.in_training(molecules[:9]).all()
        assert model.model.in_training(molecules[20:29]).all() == (count == 2)
        near = model.model.domain(molecules[:30], ["0"])
        assert (near["similarity"][:9] == 1).all()
        assert near["nearest"][25] in molecules[20:29] or count == 1
        assert near["0:known"][0] == "active"
    other = ours(3, None, model.model_dir, layer_sizes=[8])
    other.fit(dc.data.NumpyDataset(texts[40:49], np.eye(9, 3)), nb_epoch=1, restore=True)
    assert other.model.in_training([*molecules[20:29], *molecules[40:49]]).all()
    assert (other.model.domain(molecules[:49])["similarity"][40:] == 1).all()
    other.fit_on_batch(texts[:3], np.eye(3))
    with pytest.raises(ConfigError, match="does not keep its training molecules"):
        other.model.domain(molecules[:3])


@pytest.mark.soak
def test_experts_of_a_shipped_model(dc: Any, ours: Any, molecules: list[str]) -> None:
    texts = np.array(molecules[:30], dtype=object)
    data = dc.data.NumpyDataset(texts, np.arange(60.0).reshape(30, 2) % 3 == 0)
    model = ours(2, start_from="pcba128")
    model.fit(data, nb_epoch=1)
    assert model.model.training["start_from"]["name"] == "pcba128"
    model.fit(data, nb_epoch=1)
    again = ours(2, None, model.model_dir, start_from="pcba128")
    again.fit(data, nb_epoch=1, restore=True, checkpoint_interval=0)
    assert again.get_global_step() == 3
    model.fit(data, nb_epoch=1, checkpoint_interval=0)
    np.testing.assert_array_equal(again.predict(data), model.predict(data))


def test_graphs_of_deepchem_are_refused_by_name(dc: Any, ours: Any, molecules: list[str]) -> None:
    few, y = molecules[:3], np.eye(3)
    model = ours(3)
    graphs = dc.feat.MolGraphConvFeaturizer()(few)
    with pytest.raises(DataError, match=r"X must be SMILES .*, found GraphData"):
        model.fit(dc.data.NumpyDataset(graphs, y))
    texts = dc.feat.DummyFeaturizer()(few)  # as the message says
    assert model.fit(dc.data.NumpyDataset(texts, y), nb_epoch=1) > 0
