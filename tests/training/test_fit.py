"""Training learns, repeats bit for bit, and says what it did."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.fit import train_session
from bioassay_mtl.training.session import Session
from tests.needs import installed
from tests.training.conftest import small_config

NO_ROWS = np.array([], dtype=np.int64)


def weights(model: Model) -> dict[str, torch.Tensor]:
    return dict(model.network.state_dict())


def same(first: Model, second: Model) -> bool:
    a, b = weights(first), weights(second)
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.mark.parametrize(
    "network",
    [
        {"kind": "shared_bottom", "bottom": {"inputs": ["morgan"], "width": 32}},
        {
            "kind": "mmoe",
            "experts": {"inputs": ["morgan"], "n": 3, "width": 16},
            "gate": {"kind": "low_rank", "rank": 4},
        },
        {
            "kind": "mmoeex",
            "experts": [{"inputs": ["morgan"], "n": 4, "width": 16}],
            "connections": {"kind": "exclusion"},
            "tower": {"kind": "mlp", "width": 4},
        },
    ],
)
def test_every_model_learns_a_rule(small_panel: Panel, network: dict[str, Any]) -> None:
    model = train(small_panel, small_config(network=network, epochs=8))
    history = model.training["history"]
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]
    seen = evaluate(
        small_panel.labels[:299],
        model.predict((small_panel.structures or [])[:299])[list(model.tasks)].to_numpy(),
        model.tasks,
    )
    assert seen.macro["roc_auc"] > 0.9
    assert model.training["rows"]["train"] in (239, 240)  # one SMILES is invalid


def test_same_seed_same_weights_other_seed_others(small_panel: Panel) -> None:
    first = train(small_panel, small_config())
    assert same(first, train(small_panel, small_config()))
    assert not same(first, train(small_panel, small_config(seed=1)))


def test_unmeasured_cells_have_no_part(small_panel: Panel) -> None:
    """An assay without any measured cell changes nothing in the others."""
    labels = np.hstack([small_panel.labels, np.full((300, 1), -1, dtype=np.int8)])
    ids = small_panel.ids
    wider = Panel(small_panel.structures, None, labels, (*small_panel.tasks, "empty"), ids)
    model = train(wider, small_config())
    assert "empty" in model.metrics["test"]["degenerate_tasks"]
    tower = weights(model)["tower.weight"][..., 3]
    assert torch.isfinite(tower).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"positive_weight": "sqrt", "reduction": "mean_per_task"},
        {"positive_weight": "full", "gradient_clip": 1.0, "schedule": "linear"},
        {"expert_loss": 0.0, "average": 0.0, "schedule": "constant"},
        {"decoupled": True, "precision": "bfloat16"},
        {"loss": "focal", "positive_weight": "sqrt", "precision": "bfloat16"},
        {"loss": {"kind": "asymmetric", "gamma_negative": 2}, "sampling": "balanced"},
        {"loss": {"kind": "bce", "smoothing": 0.1}},
    ],
)
def test_options_train_to_finite_predictions(
    small_panel: Panel, nci_smiles: list[str], changes: dict[str, Any]
) -> None:
    model = train(small_panel, small_config(**changes))
    table = model.predict(nci_smiles[300:320])
    assert np.isfinite(table[list(model.tasks)].to_numpy()).all()


def test_decoupled_experts_learn_as_if_alone(small_panel: Panel) -> None:
    """The mixture's loss reaches the gate, and nothing else."""
    coupled = weights(train(small_panel, small_config(epochs=1, decoupled=False)))
    changes = small_config(epochs=1, decoupled=True)
    alone = weights(train(small_panel, changes))
    assert not torch.equal(alone["gate.score"], torch.zeros(3, 2))
    assert not torch.equal(coupled["tower.weight"], alone["tower.weight"])


def test_given_rows_and_features_are_used(small_panel: Panel) -> None:
    parts = Split(np.arange(200), NO_ROWS, np.arange(250, 299), len(small_panel))
    model = train(small_panel, small_config(), parts=parts)
    assert model.metrics["valid"] is None
    assert model.training["best_epoch"] == 4  # no validation rows: the last epoch
    features = model.featurize(small_panel.structures or [])
    packed = features.blocks["morgan"].packed
    bare = Panel.from_arrays(
        packed[:299], small_panel.labels[:299], small_panel.tasks, small_panel.mask[:299]
    )
    again = train(bare, small_config(), parts=Split(parts.train, NO_ROWS, NO_ROWS, 299))
    assert same(model, again)


def test_a_part_of_a_model_knows_neither_molecules_nor_scores(small_panel: Panel) -> None:
    session = Session.of(small_panel, small_config(epochs=1))
    whole, part = (train_session(replace(session, remembers=asked)) for asked in (True, False))
    assert same(whole, part)
    assert whole.training_molecules is not None
    assert set(whole.metrics) == {"valid", "test"}
    assert part.training_molecules is None
    assert not part.metrics


def test_invalid_rows_are_counted_not_trained_on(
    small_panel: Panel, caplog: pytest.LogCaptureFixture
) -> None:
    parts = Split(np.arange(300), NO_ROWS, NO_ROWS, 300)
    with caplog.at_level("WARNING"):
        model = train(small_panel, small_config(epochs=1), parts=parts)
    assert model.training["rows"]["train"] == 299
    assert "1 row is not used: 1 invalid_smiles" in caplog.text


def test_no_row_to_train_on_is_an_error(small_panel: Panel) -> None:
    with pytest.raises(InputError, match="no row is left to train on"):
        train(small_panel, small_config(), parts=Split(NO_ROWS, NO_ROWS, NO_ROWS, 300))


def test_folder_logs_and_refusals(small_panel: Panel, tmp_path: Path) -> None:
    installed("tensorboard", "tensorboard")
    out = tmp_path / "model"
    seen: list[float] = []
    config = small_config(loggers=["csv", "tensorboard"])
    model = train(small_panel, config, out=out, progress=lambda r: seen.append(r["epoch"]))
    assert seen == [1, 2, 3, 4]
    assert same(model, Model.load(out))
    assert not (tmp_path / "model.training" / "state.safetensors").exists()
    with (tmp_path / "model.training" / "logs" / "metrics.csv").open() as stream:
        logged = [row["loss"] for row in csv.DictReader(stream) if row.get("loss")]
    assert len(logged) == 4
    assert list((tmp_path / "model.training" / "tensorboard").glob("events.*"))
    with pytest.raises(ConfigError, match="exists"):
        train(small_panel, small_config(), out=out)


def test_panel_without_what_the_model_reads(small_panel: Panel) -> None:
    bare = Panel.from_arrays(
        np.zeros((300, 8), dtype=np.uint8), small_panel.labels, small_panel.tasks, small_panel.mask
    )
    with pytest.raises(ConfigError, match="no structures to compute"):
        train(bare, small_config())


def test_validation_rows_that_tell_nothing_do_not_stop_training(
    small_panel: Panel, caplog: pytest.LogCaptureFixture
) -> None:
    labels = np.where(small_panel.labels == 1, -1, small_panel.labels)
    labels[:40] = small_panel.labels[:40]  # every active is among the rows trained on
    panel = Panel(small_panel.structures, None, labels, small_panel.tasks, small_panel.ids)
    parts = Split(np.arange(200), np.arange(200, 250), np.arange(250, 299), 300)
    with caplog.at_level("WARNING"):
        model = train(panel, {**small_config(epochs=3).model_dump(mode="json")}, parts=parts)
    assert "does not stop early" in caplog.text
    assert model.training["best_epoch"] == 3
    assert "| test | 49 | n/a | n/a |" in model.card


def test_bits_are_not_taken_for_counts(small_panel: Panel) -> None:
    bits = Panel.from_arrays(
        np.full((300, 32), 255, dtype=np.uint8),
        small_panel.labels,
        small_panel.tasks,
        small_panel.mask,
    )
    counts = small_config(
        fingerprints={"morgan": {"kind": "morgan", "n_bits": 256, "counts": True}}
    )
    with pytest.raises(ConfigError, match=r"morgan \(256 columns\)"):
        train(bits, counts)
