"""Experts that read a fingerprint, a graph, descriptors, and the user's columns, in whole runs."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.numpy import load_file

from bioassay_mtl.chem.descriptors import DenseBlock
from bioassay_mtl.chem.representation import encoder_of
from bioassay_mtl.errors import BioassayError, ConfigError, InputError, ModelFolderError
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.screening.pipeline import screen
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from tests.conftest import Run
from tests.training.conftest import small_config
from tests.training.test_fit import same
from tests.training.test_resume import Killed

INPUTS: dict[str, Any] = {
    "ecfp": {"kind": "morgan", "n_bits": 256},
    "graph": {"kind": "graph"},
    "descriptors": {
        "kind": "rdkit_descriptors",
        "names": ["MolWt", "TPSA", "NumAromaticRings", "Ipc", "MaxPartialCharge", "fr_halogen"],
    },
}
EXPERTS = [
    {"kind": "mlp", "inputs": ["ecfp"], "n": 2, "width": 16},
    {"kind": "gine", "inputs": ["graph"], "n": 2, "width": 16, "hidden": 16, "depth": 2},
    {"kind": "mlp", "inputs": ["descriptors"], "n": 1, "width": 16, "dropout": 0.0},
]


def mixed(**changes: Any) -> TrainingConfig:
    """Three kinds of inputs; the gate reads all of them."""
    gate = {"kind": "low_rank", "rank": 4, "inputs": [*INPUTS]}
    network = {"experts": EXPERTS, "tower": {"kind": "per_expert"}, "gate": gate}
    return small_config(**{"fingerprints": INPUTS, "network": network} | changes)


def described(**changes: Any) -> TrainingConfig:
    """Descriptors, and the user's columns, alone."""
    inputs = {"descriptors": INPUTS["descriptors"], "given": {"kind": "columns", "names": ["dose"]}}
    experts = [{"inputs": [*inputs], "n": 2, "width": 16, "depth": 2, "dropout": 0.0}]
    network = {"experts": experts, "gate": {"kind": "linear"}, "tower": {"kind": "per_expert"}}
    settings = {"fingerprints": inputs, "network": network, "epochs": 10, "batch_size": 32}
    return small_config(**settings | changes)


@pytest.fixture(scope="module")
def trained(small_panel: Panel, tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Path]:
    """A model of three kinds of inputs, and its folder."""
    out = tmp_path_factory.mktemp("mixed") / "model"
    return train(small_panel, mixed(epochs=10, batch_size=32), out=out), out


@pytest.fixture(scope="module")
def dosed(small_panel: Panel) -> Panel:
    """The small panel, and an assay that a column of doses decides; some cells are empty."""
    rng = np.random.default_rng(3)
    dose = np.exp(8 * rng.normal(size=len(small_panel)))
    labels = np.column_stack([small_panel.labels, (dose > 1).astype(np.int8)])
    texts = ["" if rng.random() < 0.1 else f"{value:.6g}" for value in dose]
    tasks = (*small_panel.tasks, "potent")
    return replace(small_panel, labels=labels, tasks=tasks, kinds=(), columns={"dose": texts})


def test_it_learns(trained: tuple[Model, Path]) -> None:
    losses = [epoch["loss"] for epoch in trained[0].training["history"]]
    assert losses[-1] < 0.8 * losses[0]
    experts = trained[0].network.groups[2]
    assert all(parameter.abs().sum() > 0 for parameter in experts.parameters())


def test_scalings_are_of_the_training_rows(small_panel: Panel, trained: tuple[Model, Path]) -> None:
    model, folder = trained
    stored = load_file(folder / "model.safetensors")["scaling/descriptors"]
    np.testing.assert_array_equal(stored, model.scalings["descriptors"].quantiles)
    weights = [float(w) for w in stored[0]]
    assert 16 <= min(weights) < max(weights) < 2000
    # One molecule of a million atoms among the other rows would show.
    rows = model.training["rows"]
    assert rows["train"] < len(small_panel)


@pytest.mark.soak
def test_folder_and_command_line_give_the_digits_of_python(
    trained: tuple[Model, Path], tmp_path: Path, nci_smiles: list[str], cli: Run
) -> None:
    model, folder = trained
    smiles = ["[Na+].[Cl-]", "not a molecule", "C", "[H][H]", *nci_smiles[300:560], "C" * 200]
    expected = model.predict(smiles)
    assert expected.equals(Model.load(folder).predict(smiles))
    molecules, output = tmp_path / "molecules.smi", tmp_path / "hits.csv"
    molecules.write_text("\n".join(smiles) + "\n")
    command = ["screen", molecules, "--model", folder, "-o", output, "--batch-size", "100"]
    assert cli(*command).code == 0
    rows = list(csv.DictReader(output.read_text().splitlines()))
    assert [row["status"] for row in rows] == expected["status"].tolist()
    for task in model.tasks:
        found = np.array([float(row[task] or "nan") for row in rows], dtype=np.float32)
        np.testing.assert_allclose(found, expected[task], rtol=0, atol=6e-6)
        assert (np.isnan(found) == expected[task].isna()).all()


def test_one_by_one_equals_together(trained: tuple[Model, Path], nci_smiles: list[str]) -> None:
    model, smiles = trained[0], [*nci_smiles[300:306], "C", "[H][H]"]
    together = model.predict(smiles)[list(model.tasks)].to_numpy()
    alone = [model.predict([text])[list(model.tasks)].to_numpy() for text in smiles]
    np.testing.assert_array_equal(np.concatenate(alone), together)


@pytest.mark.soak
def test_half_precision_keeps_large_values(
    trained: tuple[Model, Path], tmp_path: Path, nci_smiles: list[str]
) -> None:
    model = trained[0]
    again = Model.load(model.save(tmp_path / "half", half=True))
    quantiles = model.scalings["descriptors"].quantiles
    assert quantiles.max() > 70_000  # beyond half precision
    np.testing.assert_array_equal(again.scalings["descriptors"].quantiles, quantiles)
    first, second = (m.predict(nci_smiles[:40])["aromatic"] for m in (model, again))
    np.testing.assert_allclose(first, second, atol=0.01)


def test_another_rdkit_is_refused(
    trained: tuple[Model, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rdkit.Chem.Descriptors import descList

    altered = [(n, (lambda mol: 1.0) if n == "TPSA" else f) for n, f in descList]
    monkeypatch.setattr("rdkit.Chem.Descriptors.descList", altered)
    encoder_of.cache_clear()
    try:
        with pytest.raises(ModelFolderError, match="computes other features"):
            Model.load(trained[1])
    finally:
        encoder_of.cache_clear()


@pytest.mark.soak
def test_a_resumed_run_equals_an_unbroken_one(small_panel: Panel, tmp_path: Path) -> None:
    whole = train(small_panel, mixed(epochs=3))

    def stop(record: Any) -> None:
        if record["epoch"] == 2:
            raise Killed

    out = tmp_path / "model"
    with pytest.raises(Killed):
        train(small_panel, mixed(epochs=3), out=out, progress=stop)
    assert same(whole, train(small_panel, mixed(epochs=3), out=out, resume=True))


@pytest.mark.parametrize(
    ("balance", "precision"),
    [
        ({"kind": "two_step", "order": 2}, "float32"),
        ({"kind": "two_step", "scope": "all", "tasks_per_step": 2}, "bfloat16"),
        ({"kind": "two_step", "scope": "all", "order": 2, "inner_learning_rate": 0.1}, "float32"),
        ({"kind": "pcgrad"}, "bfloat16"),
        ({"kind": "graddrop"}, "float32"),
        ({"kind": "gradnorm"}, "float32"),
    ],
)
@pytest.mark.cases(2)
def test_balancers_train_it(small_panel: Panel, balance: dict[str, Any], precision: str) -> None:
    model = train(small_panel, mixed(balance=balance, precision=precision, epochs=2))
    losses = [epoch["loss"] for epoch in model.training["history"]]
    assert losses[-1] < 0.98 * losses[0]


def test_columns_of_the_table_are_read(dosed: Panel, tmp_path: Path) -> None:
    model = train(dosed, described(epochs=20), out=tmp_path / "model")
    smiles = (dosed.structures or [])[:100]
    low, high = (model.predict(smiles, columns={"dose": [d] * 100}) for d in ("1e-4", "1e4"))
    assert high["potent"].mean() > low["potent"].mean() + 0.4
    again = Model.load(tmp_path / "model").predict(smiles, columns={"dose": [1e-4] * 100})
    assert again.equals(low)
    with pytest.raises(InputError, match="reads the columns dose; missing: dose"):
        model.predict(smiles)
    missing = model.predict(smiles, columns={"dose": [""] * 100})
    assert missing["potent"].between(0, 1).all()


@pytest.mark.soak
def test_columns_through_the_command_line(dosed: Panel, tmp_path: Path, cli: Run) -> None:
    panel, settings, out = (tmp_path / name for name in ("panel.csv", "settings.yaml", "model"))
    with panel.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["smiles", "dose", *dosed.tasks])
        cells = zip(dosed.structures or [], dosed.columns["dose"], dosed.labels, strict=True)
        for smiles, dose, labels in cells:
            writer.writerow([smiles, dose, *("" if cell < 0 else cell for cell in labels)])
    settings.write_text(yaml.safe_dump(described(epochs=1).model_dump(mode="json")))
    # All of the molecules are aromatic: an assay that has to be asked for.
    asked = ("--task", "aromatic:binary", "--workers", "1")
    assert cli("train", panel, "--out", out, "--config", settings, *asked).code == 0
    assert Model.load(out).tasks == dosed.tasks
    assert cli("evaluate", out, panel, "--bootstrap", "0", "--workers", "1").code == 0
    screen([panel], model := Model.load(out), tmp_path / "hits.csv")
    with (tmp_path / "hits.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = model.predict(dosed.structures or [], columns=dosed.columns)
    assert [row["status"] for row in rows] == expected["status"].tolist()
    shown = ["" if np.isnan(value) else f"{value:.6f}" for value in expected["potent"]]
    assert [row["potent"] for row in rows] == shown


def test_what_a_run_lacks_is_named(small_panel: Panel) -> None:
    with pytest.raises(InputError, match="missing: dose"):
        train(small_panel, described())
    given = {"vector": {"kind": "dense", "n_columns": 3}}
    network = {"experts": [{"inputs": ["vector"], "width": 8}]}
    with pytest.raises(ConfigError, match="'vector'"):
        train(small_panel, small_config(fingerprints=given, network=network))


def test_given_vectors_are_used_as_they_come() -> None:
    rng = np.random.default_rng(0)
    x: Any = rng.normal(size=(300, 4)) * [1, 1e6, 1e-6, 1]
    labels = np.column_stack([x[:, 1] > 0, x[:, 2] > 0])
    panel = Panel.from_arrays(x, labels, ["large", "small"], block="vector")
    given = {"vector": {"kind": "dense", "n_columns": 4}}
    experts = [{"inputs": ["vector"], "n": 2, "width": 16, "dropout": 0.0}]
    network = {"experts": experts, "tower": {"kind": "per_expert"}}
    split = {"kind": "random"}
    settings = {"fingerprints": given, "network": network, "split": split, "epochs": 20}
    model = train(panel, small_config(**settings, batch_size=32))
    predicted = model.predict_features(x)
    np.testing.assert_array_equal(predicted, model.predict_features(panel.features or {}))
    assert ((predicted > 0.5) == labels).mean() > 0.9
    block = DenseBlock(x.astype(np.float32)[:, :3])
    with pytest.raises(ConfigError, match="does not fit in vector"):
        model.predict_features(block)


def test_the_command_line_trains_it(small_panel: Panel, tmp_path: Path, cli: Run) -> None:
    panel, settings = tmp_path / "panel.csv", tmp_path / "settings.yaml"
    with panel.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["smiles", *small_panel.tasks])
        for smiles, row in zip(small_panel.structures or [], small_panel.labels, strict=True):
            writer.writerow([smiles, *("" if cell < 0 else cell for cell in row)])
    config = mixed(epochs=1).model_dump(mode="json")
    config["inputs"] = config.pop("fingerprints")
    settings.write_text(yaml.safe_dump(config))
    words = ["train", panel, "--out", tmp_path / "model", "--config", settings]
    assert cli(*words, "--workers", "1").code == 0
    model = Model.load(tmp_path / "model")
    assert model.featurizer.n_features["descriptors"] == 6
    assert [group.config.kind for group in model.network.groups] == ["mlp", "gine", "mlp"]
    assert "descriptors: 6 values" in cli("info", tmp_path / "model").out


def test_both_names_at_once_are_refused() -> None:
    with pytest.raises(BioassayError, match="inputs"):
        TrainingConfig.of({"inputs": INPUTS, "fingerprints": INPUTS})


@pytest.mark.soak
def test_raw_values_never_reach_a_network(trained: tuple[Model, Path]) -> None:
    from bioassay_mtl.nn.resident import resident

    features = trained[0].featurize(["CCO"])
    with pytest.raises(ValueError, match=r"Model\.inputs"):
        resident(features.blocks["descriptors"], torch.device("cpu"))
    inputs = trained[0].inputs(features)
    assert isinstance(inputs["descriptors"], torch.Tensor)
