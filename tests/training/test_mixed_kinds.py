"""A panel of all kinds of tasks, from training to predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bioassay_mtl.errors import ConfigError, ModelFolderError
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import split
from bioassay_mtl.tasks import Binary, Censored, Multiclass, Ordinal, Regression
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.tasks.target_scaling import TargetScaler
from bioassay_mtl.training import train
from tests.training.conftest import small_config
from tests.training.test_devices import PARTS as BATCHES
from tests.training.test_devices import config
from tests.training.test_fit import same, weights
from tests.training.test_resume import Killed

KINDS = (
    Binary(),
    Multiclass(classes=("carbon", "oxygen", "nitrogen")),
    Ordinal(classes=("small", "medium", "large")),
    Regression(unit="g/mol"),
    Censored(unit="pIC50"),
)
TASKS = ("amine", "most", "size", "mass", "potency")
PARTS = {"kind": "random", "fractions": (0.6, 0.1, 0.3)}
COLUMNS = (
    *("amine", "most[carbon]", "most[oxygen]", "most[nitrogen]"),
    *("size[small]", "size[medium]", "size[large]", "mass", "potency"),
)


@pytest.fixture(scope="session")
def mixed_panel(nci_smiles: list[str]) -> Panel:
    """300 NCI molecules, a task of each kind by rule, a third of the cells empty."""
    smiles = nci_smiles[:300]
    counts = np.array([[s.upper().count(atom) for atom in "CON"] for s in smiles], float)
    rng = np.random.default_rng(0)
    mass = counts @ [12, 16, 14] + rng.normal(size=300)
    potency = 5 + 0.3 * counts[:, 2] - 0.2 * counts[:, 1] + 0.1 * rng.normal(size=300)
    bounds = np.zeros((300, 5), np.int8)
    bounds[:, 4] = np.where(potency < 4.8, -1, np.where(potency > 5.6, 1, 0))
    labels = np.stack(
        [
            [float("N" in s) for s in smiles],
            np.where(counts[:, 2] > 1, 2, np.where(counts[:, 1] > 1, 1, 0)),
            np.digitize(counts[:, 0], [6, 11]),
            mass,
            np.clip(potency, 4.8, 5.6),
        ],
        axis=1,
    )
    labels[rng.random(labels.shape) < 1 / 3] = np.nan
    return Panel.from_arrays(smiles, labels, TASKS, kinds=KINDS, bounds=bounds)


def test_every_kind_learns(mixed_panel: Panel) -> None:
    config = small_config(epochs=30, patience=30, split=PARTS)
    model = train(mixed_panel, config)
    macro = model.metrics["test"]["macro_by_kind"]
    assert set(macro) == {kind.kind for kind in KINDS}
    assert macro["binary"]["roc_auc"] > 0.7
    assert macro["multiclass"]["roc_auc_ovr"] > 0.55
    assert macro["ordinal"]["quadratic_kappa"] > 0.1
    assert macro["regression"]["r2"] > 0
    assert macro["censored"]["concordance"] > 0.55
    scores = [record["valid_skill"] for record in model.training["history"]]
    assert max(scores) > scores[0] + 0.1
    assert model.label_counts["measured"] == [
        int(n) for n in mixed_panel.take(split(mixed_panel, config.split).train).mask.sum(axis=0)
    ]
    assert sum(model.label_counts["classes"]["size"]) == model.label_counts["measured"][2]


def test_saved_and_loaded_it_predicts_the_same(mixed_panel: Panel, tmp_path: Path) -> None:
    model = train(mixed_panel, small_config(), out=tmp_path / "mine")
    loaded = Model.load(tmp_path / "mine")
    assert loaded.kinds == model.kinds == KINDS
    assert loaded.columns == COLUMNS
    smiles = mixed_panel.structures or []
    table = loaded.predict([*smiles[:20], "not a molecule"])
    assert tuple(table.columns) == ("status", *COLUMNS)
    values = table[list(COLUMNS)].to_numpy()
    np.testing.assert_array_equal(values, model.predict([*smiles[:20], "no"])[list(COLUMNS)])
    assert np.isnan(values[-1]).all()
    np.testing.assert_allclose(values[:-1, 1:4].sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(values[:-1, 4:7].sum(axis=1), 1, rtol=1e-5)
    assert 50 < np.median(values[:-1, 7]) < 300  # in the panel's own unit
    assert 4 < np.median(values[:-1, 8]) < 6.5
    assert "5 tasks" in loaded.card


def test_a_seed_gives_one_result(mixed_panel: Panel) -> None:
    runs = [train(mixed_panel, small_config(epochs=2, seed=seed)) for seed in (1, 1, 2)]
    assert same(runs[0], runs[1])
    assert runs[0].training["history"] == runs[1].training["history"]
    assert not same(runs[0], runs[2])


def test_resumed_equals_unbroken(mixed_panel: Panel, tmp_path: Path) -> None:
    def stop(record: object) -> None:
        if record["epoch"] == 2:  # type: ignore[index]
            raise Killed

    unbroken = train(mixed_panel, small_config())
    with pytest.raises(Killed):
        train(mixed_panel, small_config(), out=tmp_path / "mine", progress=stop)
    resumed = train(mixed_panel, small_config(), out=tmp_path / "mine", resume=True)
    assert same(unbroken, resumed)
    assert resumed.metrics == unbroken.metrics


@pytest.mark.parametrize(
    "changes",
    [
        {"balance": {"kind": "two_step", "order": 2}},
        {"balance": {"kind": "two_step", "scope": "all", "tasks_per_step": 3}},
        {"balance": {"kind": "two_step", "tasks_per_step": 2, "task_sampling": "actives"}},
        *[{"balance": kind} for kind in ("uncertainty", "gradnorm", "dwa", "lbtw", "pcgrad")],
        *[{"balance": kind} for kind in ("graddrop", "gradvac", "random")],
        {"sampling": "balanced", "positive_weight": "sqrt", "reduction": "mean_per_task"},
        {"value_loss": {"huber": 1.0, "noise": 0.3}, "task_weights": {"mass": 3, "binary": 0.5}},
        {"network": {"kind": "shared_bottom", "bottom": {"inputs": ["morgan"], "width": 16}}},
    ],
)
@pytest.mark.cases(3)
def test_balancers_and_settings_work_across_kinds(
    mixed_panel: Panel, changes: dict[str, Any]
) -> None:
    model = train(mixed_panel, small_config(epochs=2, **changes))
    predicted = model.predict((mixed_panel.structures or [])[:50])[list(COLUMNS)].to_numpy()
    assert np.isfinite(predicted).all()


def test_a_weight_of_nothing_is_named(mixed_panel: Panel) -> None:
    with pytest.raises(ConfigError, match=r"unknown task or kind 'mas'.*did you mean 'mass'"):
        train(mixed_panel, small_config(task_weights={"mas": 2}))


def test_a_weight_of_zero_leaves_a_task_at_its_base_rate(mixed_panel: Panel) -> None:
    model = train(mixed_panel, small_config(epochs=3, task_weights={"mass": 0.0}, weight_decay=0.0))
    place = int(model.network.outputs.of(torch.tensor([3])))
    assert float(model.network.tower.bias.detach()[place]) == pytest.approx(0, abs=1e-6)


def test_version_1_cannot_read_other_kinds(mixed_panel: Panel, tmp_path: Path) -> None:
    import json

    train(mixed_panel, small_config(epochs=1), out=tmp_path / "mine")
    config = json.loads((tmp_path / "mine" / "config.json").read_text())
    assert config["format_version"] == 2
    config["format_version"] = 4
    (tmp_path / "mine" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelFolderError, match="reads versions 1 to 3"):
        Model.load(tmp_path / "mine")


def test_values_are_standardized_by_exact_values_where_there_are_enough() -> None:
    labels = np.concatenate([np.linspace(0, 10, 20), np.full(20, 12.0)])[:, None].astype("f4")
    bounds = np.concatenate([np.zeros(20), np.ones(20)])[:, None].astype(np.int8)
    cells = MeasuredCells.from_dense(labels, bounds)
    found = TargetScaler.of(cells, [Censored()])
    assert found.center[0] == pytest.approx(5)
    assert found.scale[0] == pytest.approx(labels[:20].std())
    few = TargetScaler.of(cells.take(np.arange(15, 40)), [Censored()])
    assert few.center[0] == pytest.approx(labels[15:].mean())
    constant = TargetScaler.of(
        MeasuredCells.from_dense(np.full((3, 1), 0.1, np.float32)), [Regression()]
    )
    assert constant.scale[0] == 1
    again = found.undo(found.apply(cells).dense(), [Censored()])
    np.testing.assert_allclose(again, labels, atol=1e-5)


@pytest.mark.soak
@pytest.mark.parametrize("balance", ["sum", "uncertainty"])
def test_two_devices_learn_what_one_does(mixed_panel: Panel, balance: str) -> None:
    settings = config(balance=balance)  # without dropout
    one = train(mixed_panel, settings, parts=BATCHES)
    two = train(mixed_panel, settings.model_copy(update={"devices": 2}), parts=BATCHES)
    for name, weight in weights(one).items():
        torch.testing.assert_close(weights(two)[name], weight, rtol=1e-3, atol=1e-4)
    for found, expected in zip(two.training["history"], one.training["history"], strict=True):
        assert found == pytest.approx(expected, rel=1e-2)
