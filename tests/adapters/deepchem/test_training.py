"""Steps, losses, checkpoints and callbacks of ``fit`` are those of DeepChem's TorchModel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from bioassay_mtl.adapters import arrays
from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.errors import ConfigError, TrainingError
from bioassay_mtl.tasks.kinds import Binary, Multiclass, Regression
from tests.adapters.deepchem.conftest import N_BITS, SMALL

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")

CASES: dict[str, tuple[dict[str, Any], Any]] = {
    "classification": ({}, Binary()),
    "regression": ({"mode": "regression"}, Regression()),
    "classes": ({"n_classes": 3}, Multiclass(classes=("0", "1", "2"))),
}
DROPPING: dict[str, Any] = {
    "network": {
        "kind": "mmoeex",
        "experts": [{"inputs": ["features"], "n": 2, "width": 16, "dropout": 0.4}],
        "gate": {"kind": "linear", "expert_dropout": 0.2},
    },
    "balance": "uncertainty",
    "gradient_clip": 0.5,
    "seed": 7,
}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.cases(3)
def test_a_fit_is_a_training_run(
    dc: Any, ours: Any, dataset: Any, values: Any, case: str, precision: str
) -> None:
    """The same weights as those of this package's own training, to the last bit."""
    settings, kind = CASES[case]
    y = {"classification": dataset.y, "regression": values, "classes": np.minimum(values, 2) // 1}
    y = np.clip(y[case], 0, None)
    run = {**DROPPING, "precision": precision}
    if precision == "bfloat16":
        del run["gradient_clip"]
    model = ours(3, N_BITS, **settings, **run)
    model.fit(dc.data.NumpyDataset(dataset.X, y, dataset.w), nb_epoch=4)
    labels = np.where(dataset.w > 0, y, np.nan)
    expected = arrays.fit(
        *(dataset.X, labels, ["0", "1", "2"], [kind] * 3, {**run, "epochs": 4}),
        weights=dataset.w.astype(np.float32),
    )
    for name, weight in expected.network.state_dict().items():
        assert torch.equal(model.model.network.state_dict()[name], weight), name
    assert model.model.training["history"] == expected.training["history"]
    assert model.model.label_counts == expected.label_counts


def test_the_global_generator_stays_as_it_is(ours: Any, dataset: Any) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    ours(3, N_BITS, **DROPPING).fit(dataset, nb_epoch=1)
    assert torch.equal(torch.rand(3), expected)


def test_thirty_batches_lower_the_loss(dc: Any, ours: Any, dataset: Any, values: Any) -> None:
    for settings, y in (({}, dataset.y), ({"mode": "regression"}, values)):
        model = ours(3, N_BITS, **settings, **SMALL)
        found = [model.fit_on_batch(dataset.X, y, dataset.w, checkpoint=False) for _ in range(30)]
        assert found[-1] < 0.3 * found[0]
        assert model.get_global_step() == 30
        data = dc.data.NumpyDataset(dataset.X, y, dataset.w)
        metric = dc.metrics.roc_auc_score if not settings else dc.metrics.pearson_r2_score
        assert next(iter(model.evaluate(data, dc.metrics.Metric(metric)).values())) > 0.9


def test_thirty_calls_learn_as_one(dc: Any, ours: Any, dataset: Any) -> None:
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    many = ours(3, N_BITS, **SMALL)
    for _ in range(20):
        many.fit(dataset, nb_epoch=1, checkpoint_interval=0)
    assert many.evaluate(dataset, metric)["roc_auc_score"] > 0.95
    assert len(many.model.training["history"]) == 20
    assert many.model.training["best_epoch"] == 20


def test_losses_are_means_of_log_frequency_steps(ours: Any, dataset: Any) -> None:
    """Counted over calls, and the rest of each call by itself."""
    steps: list[float] = []
    single = ours(3, N_BITS, log_frequency=1, **SMALL)
    model = ours(3, N_BITS, log_frequency=4, **SMALL)
    found: list[float] = []
    for _ in range(2):
        single.fit(dataset, nb_epoch=2, all_losses=steps)
        last = model.fit(dataset, nb_epoch=2, all_losses=found)
    assert len(steps) == 20  # 160 rows of 32, twice 2 epochs
    cuts = [(0, 4), (4, 8), (8, 10), (10, 12), (12, 16), (16, 20)]
    expected = np.array([np.mean(steps[a:b]) for a, b in cuts])
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert last == found[-1]
    assert type(last) is float


def test_checkpoints_come_at_the_interval(ours: Any, dataset: Any) -> None:
    model, seen = ours(3, N_BITS, **SMALL), []

    def look(model: Any, step: int) -> None:
        seen.append((step, len(model.get_checkpoints())))

    model.fit(dataset, nb_epoch=2, checkpoint_interval=4, max_checkpoints_to_keep=2, callbacks=look)
    # As DeepChem counts: after step 3, 7, ...
    expected = {1: 0, 2: 0, 3: 1, 4: 1, 5: 1, 6: 1, 7: 2, 8: 2, 9: 2, 10: 2}
    assert dict(seen) == expected
    assert len(model.get_checkpoints()) == 2
    other = ours(3, N_BITS, model.model_dir, **SMALL)
    for folder, step in zip(model.get_checkpoints(), (10, 7), strict=True):
        other.restore(folder)
        assert other.get_global_step() == step
    before = model.get_checkpoints()[0]
    model.fit(dataset, nb_epoch=1, checkpoint_interval=0)
    other.restore(before)
    assert other.get_global_step() == 10
    model.fit_on_batch(dataset.X, dataset.y, dataset.w)
    other.restore()
    assert other.get_global_step() == 16
    other.restore(other.get_checkpoints()[1])
    assert other.get_global_step() == 10  # one call, one checkpoint


def test_callbacks_see_the_model_as_it_is(ours: Any, dataset: Any) -> None:
    model, seen = ours(3, N_BITS, average=0.9, **SMALL), []

    def look(given: Any, step: int) -> None:
        assert given is model
        assert step == given.get_global_step()
        seen.append(given.predict_on_batch(dataset.X[:5]))

    model.fit(dataset, nb_epoch=2, callbacks=[look, look])
    assert len(seen) == 20
    for first, second, later in zip(seen[::2], seen[1::2], seen[2::2], strict=False):
        np.testing.assert_array_equal(first, second)
        assert np.abs(first - later).max() > 0
    np.testing.assert_array_equal(seen[-1], model.predict_on_batch(dataset.X[:5]))
    silent = ours(3, N_BITS, average=0.9, **SMALL)
    silent.fit(dataset, nb_epoch=2)
    np.testing.assert_array_equal(silent.predict(dataset), model.predict(dataset))


def test_rows_in_order(dc: Any, ours: Any, dataset: Any) -> None:
    model, seen = ours(3, N_BITS, batch_size=60, **SMALL), []
    model.fit(dataset, nb_epoch=1)
    take = model._learner.take

    def watched(batch: Any, *args: Any, **more: Any) -> Any:
        seen.append(batch.rows.tolist())
        return take(batch, *args, **more)

    model._learner.take = watched
    model.fit(dataset, nb_epoch=2, deterministic=True)
    assert seen == 2 * [[*range(60)], [*range(60, 120)], [*range(120, 160)]]
    seen.clear()
    model.fit(dataset, nb_epoch=2)
    assert sorted(row for rows in seen[:3] for row in rows) == [*range(160)]
    assert seen[:3] != seen[3:]


def test_variables_alone_change(ours: Any, dataset: Any) -> None:
    model = ours(3, N_BITS, **SMALL)
    model.fit(dataset, nb_epoch=2)
    before = {name: p.clone() for name, p in model.model.network.named_parameters()}
    chosen = list(model.model.network.tower.parameters())
    for _ in range(2):
        model.fit(dataset, nb_epoch=1, variables=chosen)
    model.fit_on_batch(dataset.X, dataset.y, dataset.w, variables=chosen)
    changed = {n for n, p in model.model.network.named_parameters() if not p.equal(before[n])}
    assert changed == {"tower.weight", "tower.bias"}
    model.fit(dataset, nb_epoch=1)
    changed = {n for n, p in model.model.network.named_parameters() if not p.equal(before[n])}
    assert changed == set(before)
    with pytest.raises(ConfigError, match=r"parameters of model\.model\.network"):
        model.fit(dataset, variables=[torch.nn.Parameter(torch.zeros(1))])


def test_a_given_loss_of_classes(dc: Any, ours: Any, dataset: Any) -> None:
    shapes = []

    def loss(outputs: Any, labels: Any, weights: Any) -> torch.Tensor:
        (logits,), (one_hot,), (w,) = outputs, labels, weights
        shapes.append((*logits.shape[1:], *one_hot.shape[1:], *w.shape[1:]))
        assert (one_hot.sum(dim=2) == 1).all()
        losses = -(one_hot * torch.log_softmax(logits, dim=2)).sum(dim=2)
        mean: torch.Tensor = (losses * w).sum() / w.sum()
        return mean

    model = ours(3, N_BITS, **SMALL)
    metric = dc.metrics.Metric(dc.metrics.roc_auc_score)
    first = model.fit(dataset, nb_epoch=1, loss=loss)
    model.fit(dataset, nb_epoch=8, loss=loss)
    assert set(shapes) == {(3, 2, 3, 2, 3)}
    assert model.fit_on_batch(dataset.X, dataset.y, dataset.w, loss=loss) < 0.5 * first
    assert model.evaluate(dataset, metric)["roc_auc_score"] > 0.9
    model.fit_on_batch(dataset.X, dataset.y, dataset.w)


def test_a_given_loss_of_values_is_in_their_units(dc: Any, ours: Any, regression: Any) -> None:
    def loss(outputs: Any, labels: Any, weights: Any) -> torch.Tensor:
        assert outputs[0].shape[1:] == (3, 1)
        found = (outputs[0][..., 0] - labels[0]).abs() * weights[0]
        mean: torch.Tensor = found.sum() / weights[0].sum()
        return mean

    data = dc.data.NumpyDataset(regression.X, 50 + 10 * regression.y, regression.w)
    model = ours(3, N_BITS, mode="regression", **SMALL)
    first = model.fit_on_batch(data.X, data.y, data.w, loss=loss)
    mean = (data.y * data.w).sum(axis=0) / data.w.sum(axis=0)
    expected = (np.abs(data.y - mean) * data.w).sum() / data.w.sum()
    assert first == pytest.approx(expected, rel=0.3)  # it starts near the means
    for _ in range(40):
        last = model.fit_on_batch(data.X, data.y, data.w, loss=loss, checkpoint=False)
    assert last < 0.5 * first


def test_nothing_to_learn_is_an_error(dc: Any, ours: Any, dataset: Any) -> None:
    nothing = np.zeros_like(dataset.w)
    fitted = ours(3, N_BITS, **SMALL)
    fitted.fit(dataset, nb_epoch=1)
    for model in (ours(3, N_BITS, **SMALL), fitted):
        before = model.get_global_step()
        with pytest.raises(DataError, match="nothing to learn: no cell is measured"):
            model.fit(dc.data.NumpyDataset(dataset.X, dataset.y, nothing))
        with pytest.raises(DataError, match="the model has 3 tasks, the dataset 1"):
            model.fit(dc.data.NumpyDataset(dataset.X))  # DeepChem makes labels where none are given
        with pytest.raises(DataError, match="nothing to learn"):
            model.fit_on_batch(dataset.X, dataset.y * np.nan, dataset.w)
        assert model.get_global_step() == before
        assert model.get_checkpoints() == (fitted.get_checkpoints() if model is fitted else [])


def test_divergence_is_an_error(dc: Any, ours: Any, dataset: Any) -> None:
    model = ours(3, N_BITS, optimizer=dc.models.optimizers.GradientDescent(1e30), **SMALL)
    with pytest.raises(TrainingError, match="training diverged"):
        model.fit(dataset, nb_epoch=4)
