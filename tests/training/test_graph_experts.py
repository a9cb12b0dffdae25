"""Graph experts, alone and beside fingerprint experts, through whole runs."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.diagnostics import diagnose
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.architectures.base import build_network, network_config
from bioassay_mtl.nn.resident import resident
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from tests.training.conftest import small_config
from tests.training.test_fit import same
from tests.training.test_resume import Killed

FINGERPRINTS = {
    "morgan": {"kind": "morgan", "n_bits": 256},
    "graph": {"kind": "graph", "random_walk": 2},
}


def mixed(**changes: Any) -> TrainingConfig:
    """One MLP beside graph experts of each kind."""
    small = {"inputs": ["graph"], "width": 16, "hidden": 16, "depth": 2}
    experts = [
        {"inputs": ["morgan"], "n": 1, "width": 16},
        {"kind": "gine", "n": 2, **small},
        {"kind": "dmpnn", "n": 2, "pooling": "attention", **small},
        {"kind": "gatedgcn", "n": 1, "pooling": "multi_head", **small},
    ]
    network = {"experts": experts, "tower": {"kind": "per_expert"}, "gate": {"kind": "low_rank"}}
    return small_config(**{"fingerprints": FINGERPRINTS, "network": network} | changes)


@pytest.fixture(scope="module")
def trained(small_panel: Panel, tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Path]:
    """A model, and the folder that it was written to."""
    out = tmp_path_factory.mktemp("graphs") / "model"
    model = train(small_panel, mixed(epochs=16, batch_size=32), out=out)
    return model, out


def score(model: Model, nci_smiles: list[str]) -> float:
    """Mean AUC over the rules of the small panel, on molecules that are not in it."""
    others = nci_smiles[1000:1400]
    predicted = model.predict(others)
    ok = (predicted["status"] == "ok").to_numpy()
    signs = {"nitrogen": "N", "aromatic": "c1", "chlorine": "Cl"}
    actives = {task: np.array([sign in s for s in others])[ok] for task, sign in signs.items()}
    scores = [
        roc_auc_score(active, predicted[task][ok])
        for task, active in actives.items()
        if active.any()
    ]
    return float(np.mean(scores))


@pytest.mark.soak
def test_a_mixed_model_learns_an_easy_rule(
    nci_smiles: list[str], trained: tuple[Model, Path]
) -> None:
    model, _ = trained
    losses = [epoch["loss"] for epoch in model.training["history"]]
    assert losses[-1] < 0.8 * losses[0]
    assert score(model, nci_smiles) > 0.7


@pytest.mark.parametrize("kind", ["gine", "dmpnn", "gatedgcn"])
@pytest.mark.cases(1)
def test_graph_experts_alone_learn_it(small_panel: Panel, nci_smiles: list[str], kind: str) -> None:
    experts = [{"kind": kind, "inputs": ["graph"], "n": 2, "width": 16, "hidden": 32, "depth": 2}]
    model = train(
        small_panel,
        small_config(
            fingerprints={"graph": {"kind": "graph", "codes": "chemprop"}},
            network={"experts": experts, "tower": {"kind": "per_expert"}},
            epochs=12,
            batch_size=32,
            learning_rate=0.05,
        ),
    )
    assert score(model, nci_smiles) > 0.7


def test_graphs_are_read_by_graph_experts_by_default() -> None:
    config = TrainingConfig.of({"fingerprints": FINGERPRINTS})
    experts = config.network.experts  # type: ignore[attr-defined]
    assert [(group.kind, group.inputs, group.n) for group in experts] == [
        ("mlp", ("morgan",), 2),
        ("dmpnn", ("graph",), 1),
    ]


@pytest.mark.soak
def test_a_resumed_run_equals_an_unbroken_one(small_panel: Panel, tmp_path: Path) -> None:
    whole = train(small_panel, mixed())

    def stop(record: Any) -> None:
        if record["epoch"] == 2:
            raise Killed

    out = tmp_path / "model"
    with pytest.raises(Killed):
        train(small_panel, mixed(), out=out, progress=stop)
    assert same(whole, train(small_panel, mixed(), out=out, resume=True))


@pytest.mark.soak
def test_folder_and_command_line_give_the_digits_of_python(
    trained: tuple[Model, Path], tmp_path: Path, nci_smiles: list[str]
) -> None:
    model, folder = trained
    smiles = ["[Na+].[Cl-]", "not a molecule", "C", *nci_smiles[300:620], "C" * 200]
    expected = model.predict(smiles)
    again = Model.load(folder).predict(smiles)
    assert expected.equals(again)
    molecules, output = tmp_path / "molecules.smi", tmp_path / "hits.csv"
    molecules.write_text("\n".join(smiles) + "\n")
    command = ["screen", molecules, "--model", folder, "-o", output, "--batch-size", "100"]
    program = [sys.executable, "-m", "bioassay_mtl.cli.app", *map(str, command)]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(output.read_text().splitlines()))
    assert [row["status"] for row in rows] == expected["status"].tolist()
    for task in model.tasks:
        found = np.array([float(row[task] or "nan") for row in rows], dtype=np.float32)
        np.testing.assert_allclose(found, expected[task], rtol=0, atol=6e-6)
        assert (np.isnan(found) == expected[task].isna()).all()


@pytest.mark.soak
def test_experts_of_all_kinds_are_compared(small_panel: Panel, trained: tuple[Model, Path]) -> None:
    model, _ = trained
    features = model.featurize((small_panel.structures or [])[:50])
    every = torch.arange(50)
    inputs = {n: resident(b, model.device).batch(every) for n, b in features.blocks.items()}
    found = diagnose(model.network, inputs)
    assert found.diversity.shape == (6, 6)
    assert found.utilization.shape == (3, 6)
    assert (found.diversity + torch.eye(6) > 0).all()


@pytest.mark.parametrize(
    "balance",
    [
        {"kind": "two_step", "order": 2},
        {"kind": "two_step", "scope": "all", "tasks_per_step": 2},
        {"kind": "two_step", "scope": "all", "order": 2, "inner_learning_rate": 0.1},
        {"kind": "pcgrad"},
        {"kind": "gradnorm"},
    ],
)
@pytest.mark.parametrize("precision", ["float32", pytest.param("bfloat16", marks=pytest.mark.soak)])
@pytest.mark.cases(2)
def test_balancers_train_graph_experts(
    small_panel: Panel, balance: dict[str, Any], precision: str
) -> None:
    config = mixed(balance=balance, precision=precision, epochs=2)
    model = train(small_panel, config)
    losses = [epoch["loss"] for epoch in model.training["history"]]
    assert losses[-1] < 0.98 * losses[0]


def test_graphs_made_beforehand_are_used(small_panel: Panel) -> None:
    structures = (small_panel.structures or [])[:-1]
    featurizer = Featurizer.from_config({"fingerprints": FINGERPRINTS})
    blocks = featurizer(structures).blocks
    ready = Panel.from_arrays(blocks, small_panel.labels[:-1], small_panel.tasks)
    written = Panel.from_arrays(structures, small_panel.labels[:-1], small_panel.tasks)
    assert len(np.unique(ready.groups())) == len(np.unique(written.groups()))
    split = {"kind": "random"}
    assert same(
        train(ready, mixed(epochs=1, split=split)), train(written, mixed(epochs=1, split=split))
    )


def test_graphs_without_a_meaning_are_not_predicted() -> None:
    featurizer = Featurizer.from_config({"fingerprints": {"graph": {"kind": "graph"}}})
    network = network_config({"experts": [{"kind": "gine", "inputs": ["graph"], "width": 4}]})
    built = build_network(network, featurizer.input_sizes, ["any"])
    model = Model(built, network, featurizer, ("any",), {})
    graphs = featurizer(["CC", "CCO"]).blocks["graph"]
    assert np.isfinite(model.predict_features(graphs)).all()
    ends = graphs.ends + np.uint16(1)
    for given in (replace(graphs, ends=ends), {"graph": replace(graphs, ends=ends)}):
        with pytest.raises(ConfigError, match="a bond among molecules 0 to 2 leads to no atom"):
            model.predict_features(given)
