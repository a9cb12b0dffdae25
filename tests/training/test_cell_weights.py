"""Weights of cells, and runs that go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import bioassay_mtl as bm
from bioassay_mtl.balance.losses import BCE, TaskLosses
from bioassay_mtl.balance.reductions import reductions
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.outputs import Outputs
from bioassay_mtl.splits import Split
from bioassay_mtl.training.ensemble import train_ensemble
from bioassay_mtl.training.tuning import train_tuned
from tests.balance.mixed_tasks import MIXED, mixed_labels, mixed_losses
from tests.needs import installed

CONFIG = bm.TrainingConfig.of(
    {
        "fingerprints": {"morgan": {"kind": "morgan", "n_bits": 256}},
        "network": {
            "kind": "mmoeex",
            "experts": [{"inputs": ["morgan"], "n": 2, "width": 8, "dropout": 0.0}],
        },
        "epochs": 3,
        "batch_size": 40,
    }
)


@pytest.fixture(scope="module")
def panel() -> bm.Panel:
    root = Path(__file__).resolve().parents[2]
    found: bm.Panel = bm.Panel.read(root / "datasets" / "example_panel.csv")
    return found


def fitted(panel: bm.Panel, start: Model | None = None, **settings: object) -> Model:
    weights = settings.pop("weights", None)
    assert weights is None or isinstance(weights, np.ndarray)
    none = np.zeros(0, np.int64)
    parts = Split(np.arange(len(panel)), none, none, len(panel))
    config = CONFIG.model_copy(update=settings)
    return bm.train(panel, config, parts=parts, weights=weights, start=start)


def predicted(model: Model) -> NDArray[np.float32]:
    return model.predict(["CCO", "c1ccccc1N", "OC(=O)c1ccccc1Cl"])[list(model.tasks)].to_numpy()


@pytest.mark.parametrize("reduction", reductions)
def test_a_weight_of_two_is_two_cells(reduction: str) -> None:
    rng = np.random.default_rng(0)
    mask = torch.from_numpy(rng.random((9, len(MIXED))) < 2 / 3)
    labels, bounds = map(torch.from_numpy, mixed_labels(MIXED, mask.numpy()))
    losses = mixed_losses(Outputs(MIXED), weighted=True)
    outputs = torch.from_numpy(rng.normal(size=(9, sum(Outputs(MIXED).counts))))
    weights = mask * torch.from_numpy(rng.integers(1, 3, size=mask.shape))
    found = losses(outputs, labels, weights.double(), bounds)
    once = losses(outputs, labels, mask, bounds)
    again = losses(outputs, labels, weights == 2, bounds)
    torch.testing.assert_close(found.total, once.total + again.total)
    torch.testing.assert_close(found.n_cells, (once.n_cells + again.n_cells).double())
    expected = TaskLosses(once.total + again.total, once.n_cells + again.n_cells, 9)
    torch.testing.assert_close(reductions[reduction](found), reductions[reduction](expected))


def test_binary_losses_weigh_cells() -> None:
    logits, targets = torch.randn(6, 2), torch.tensor([[1.0, torch.nan]] * 6)
    weights = torch.tensor([[0.5, 0.0]] * 6)
    found = BCE()(logits, targets, weights)
    plain = BCE()(logits, targets, weights > 0)
    torch.testing.assert_close(found.total, 0.5 * plain.total)
    assert found.n_cells.tolist() == [3.0, 0.0]
    torch.testing.assert_close(
        reductions["mean_per_task"](found), reductions["mean_per_task"](plain)
    )


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_weights_of_any_numbers(panel: bm.Panel, dtype: type) -> None:
    """Also where losses are not those of binary tasks alone."""
    labels = np.random.default_rng(0).normal(size=(len(panel), 1))
    values = bm.Panel.from_arrays(panel.structures, labels, ["value"], kinds=["regression"])
    ones = np.ones(labels.shape, np.float32)
    found = predicted(fitted(values, weights=ones.astype(dtype)))
    np.testing.assert_array_equal(found, predicted(fitted(values, weights=ones)))


def test_equal_weights_change_nothing(panel: bm.Panel) -> None:
    ones = np.ones(panel.labels.shape, np.float32)
    np.testing.assert_allclose(
        predicted(fitted(panel, weights=ones)), predicted(fitted(panel)), rtol=1e-5
    )


@pytest.mark.parametrize("balance", ["two_step", "pcgrad"])
def test_balancers_take_weights(panel: bm.Panel, balance: str) -> None:
    weights = np.random.default_rng(0).random(panel.labels.shape).astype(np.float32)
    config = bm.TrainingConfig.of(CONFIG.model_dump() | {"balance": balance})
    ones = fitted(panel, balance=config.balance)
    found = fitted(panel, balance=config.balance, weights=weights)
    assert np.abs(predicted(found) - predicted(ones)).max() > 1e-3


def test_a_run_goes_on(panel: bm.Panel) -> None:
    first = fitted(panel)
    still = fitted(panel, first, epochs=1, learning_rate=1e-12)
    np.testing.assert_allclose(predicted(still), predicted(first), atol=1e-5)
    further = fitted(panel, first)
    last, begin = first.training["history"][-1]["loss"], further.training["history"][0]["loss"]
    assert further.training["history"][-1]["loss"] < last
    assert begin < first.training["history"][0]["loss"]


def test_what_does_not_fit_is_named(panel: bm.Panel) -> None:
    with pytest.raises(InputError, match="weights must be"):
        fitted(panel, weights=np.ones((3, 3), np.float32))
    for wrong in (0, -1, np.nan, np.inf, 1e39, 1e-50):
        with pytest.raises(InputError, match="must be above 0"):
            fitted(panel, weights=np.full(panel.labels.shape, wrong))
    with pytest.raises(ConfigError, match="needs the model's tasks"):
        fitted(panel.select_tasks(panel.tasks[:2]), fitted(panel, epochs=1))
    network = bm.TrainingConfig.of({"fingerprints": CONFIG.fingerprints}).network
    with pytest.raises(ConfigError, match="needs the model's settings"):
        fitted(panel, fitted(panel, epochs=1), network=network)


@pytest.fixture(scope="module")
def weights(panel: bm.Panel) -> NDArray[np.float32]:
    return np.random.default_rng(1).uniform(0.1, 3, panel.labels.shape).astype(np.float32)


def test_members_take_weights_and_go_on(
    panel: bm.Panel, weights: NDArray[np.float32], tmp_path: Path
) -> None:
    first = fitted(panel)
    given: dict[str, Any] = {"weights": weights, "start": first}
    joined = train_ensemble(panel, CONFIG, 2, out=tmp_path / "model", **given)
    single = [bm.train(panel, CONFIG.model_copy(update={"seed": seed}), **given) for seed in (0, 1)]
    expected = np.mean([predicted(model) for model in single], axis=0)
    # The mean is of logits, and the votes are near each other.
    np.testing.assert_allclose(predicted(joined), expected, atol=2e-3)
    assert joined.training["start_from"] == single[0].training["start_from"]
    still = CONFIG.model_copy(update={"epochs": 1, "learning_rate": 1e-12})
    joined = train_ensemble(panel, still, 2, start=first)
    np.testing.assert_allclose(predicted(joined), predicted(first), atol=1e-5)


def test_other_weights_are_another_ensemble(
    panel: bm.Panel, weights: NDArray[np.float32], tmp_path: Path
) -> None:
    def stop(record: object) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "model"
    with pytest.raises(KeyboardInterrupt):
        train_ensemble(panel, CONFIG, 2, out=out, weights=weights, progress=stop)
    with pytest.raises(ConfigError, match="other settings or other data"):
        train_ensemble(panel, CONFIG, 2, out=out, resume=True)


@pytest.mark.soak
def test_trials_take_weights_and_go_on(panel: bm.Panel, weights: NDArray[np.float32]) -> None:
    installed("optuna", "tune")
    first = fitted(panel)
    model = train_tuned(panel, CONFIG, 2, weights=weights, start=first)
    trials = model.training["tuning"]["trials"]
    assert set(trials[0]["settings"]) == {"learning_rate", "weight_decay"}
    again = bm.train(
        panel,
        bm.TrainingConfig.of(model.training["config"]),
        weights=weights,
        start=first,
    )
    np.testing.assert_array_equal(predicted(model), predicted(again))
    plain = train_tuned(panel, CONFIG, 2)
    assert plain.training["tuning"]["trials"][0]["score"] != trials[0]["score"]
