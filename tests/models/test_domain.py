"""What a trained model says of molecules that it knows, and of others."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioassay_mtl.errors import ConfigError, ModelFolderError
from bioassay_mtl.files import sha256
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training import train
from bioassay_mtl.training.ensemble import train_ensemble
from tests.models.test_odd_folders import sign

TASKS = ["active", "level"]
SETTINGS = {
    "fingerprints": {"morgan": {"kind": "morgan", "n_bits": 2048, "counts": True}},
    "network": {"experts": [{"inputs": ["morgan"], "n": 2, "width": 8, "depth": 1}]},
    "epochs": 1,
}


def panel_of(smiles: list[str]) -> Panel:
    rng = np.random.default_rng(0)
    values = np.stack([rng.integers(0, 2, len(smiles)), rng.normal(6, 1, len(smiles))], axis=1)
    values[rng.random(values.shape) < 0.2] = np.nan
    return Panel.from_arrays(smiles, values, TASKS, kinds=["binary", "regression"])


@pytest.fixture(scope="module")
def panel(nci_smiles: list[str]) -> Panel:
    return panel_of(nci_smiles[:300])


@pytest.fixture(scope="module")
def folder(panel: Panel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "model"
    train(panel, SETTINGS, out=path)
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return Model.load(folder)


def known_rows(model: Model, panel: Panel) -> np.ndarray:
    return np.flatnonzero(model.in_training(panel.structures or []))


def test_training_molecules_are_known_with_their_labels(model: Model, panel: Panel) -> None:
    rows = known_rows(model, panel)[:50]
    assert panel.structures is not None
    smiles = [panel.structures[row] for row in rows]
    found = model.domain(pd.Series(smiles, index=rows), TASKS)
    assert found.index.tolist() == rows.tolist()
    assert (found["similarity"] == 1).all()
    assert found["in_training"].all()
    values = panel.cells.dense()[rows]
    expected = ["" if np.isnan(v) else ("inactive", "active")[int(v)] for v in values[:, 0]]
    assert found["active:known"].tolist() == expected
    assert found["level:known"].tolist() == [
        "" if np.isnan(v) else f"{v:.7g}" for v in values[:, 1]
    ]
    own = found["active:nearest_active"][values[:, 0] == 1]
    assert (own == 1).all()


def test_others_are_as_near_as_they_are(model: Model, panel: Panel) -> None:
    rows = known_rows(model, panel)
    found = model.domain(["[Na+].[Cl-]", "not a molecule", (panel.structures or [])[rows[0]]])
    assert found["in_domain"].tolist() == [False, False, True]
    assert found["status"].tolist() == ["ok", "invalid_smiles", "ok"]
    assert np.isnan(found["similarity"][1])
    assert found["nearest"][1] == ""
    assert found["in_training"].tolist() == [False, False, True]


def test_neighbors_are_ranked(model: Model, panel: Panel, nci_smiles: list[str]) -> None:
    others = nci_smiles[300:303]
    found = model.neighbors([*others, "?"], k=4)
    assert found["molecule"].tolist() == np.repeat([0, 1, 2], 4).tolist()
    assert found["rank"].tolist() == [1, 2, 3, 4] * 3
    for _, own in found.groupby("molecule"):
        assert own["similarity"].is_monotonic_decreasing
    first = found[found["rank"] == 1]
    nearest = model.domain(others)
    assert first["nearest"].tolist() == nearest["nearest"].tolist()
    np.testing.assert_array_equal(first["similarity"], nearest["similarity"])


def test_neighbors_in_an_assay_are_its_actives(model: Model, nci_smiles: list[str]) -> None:
    found = model.neighbors(nci_smiles[300:303], "active", k=5)
    assert (found["known"] == "active").all()
    assert not model.neighbors(nci_smiles[300:303], k=5).equals(found.drop(columns="known"))
    with pytest.raises(ConfigError, match="actve"):
        model.neighbors(["CCO"], "actve")


def test_loading_reads_none_of_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bioassay_mtl.models.domain import DomainFile

    monkeypatch.setattr(DomainFile, "read", None)
    assert "domain" in Model.load(folder).beside


@pytest.mark.parametrize("how", ["fingerprints", "none"])
def test_what_is_kept_is_chosen(how: str, panel: Panel, tmp_path: Path) -> None:
    train(panel, {**SETTINGS, "domain": how}, out=tmp_path / "model")
    model = Model.load(tmp_path / "model")
    if how == "none":
        assert not (tmp_path / "model" / "domain.safetensors").exists()
        with pytest.raises(ConfigError, match="does not keep its training molecules"):
            model.domain(["CCO"])
    else:
        found = model.domain((panel.structures or [])[:20])
        assert (found["nearest"] == "").all()
        assert found["similarity"].max() == 1


def test_panels_without_structures_have_none() -> None:
    rng = np.random.default_rng(0)
    packed = rng.integers(0, 256, (100, 16), dtype=np.uint8)
    panel = Panel.from_arrays(packed, rng.integers(0, 2, (100, 1)), ["a"])
    assert "domain" not in train(panel, {"epochs": 1}).beside


def test_altered_files_are_named_when_they_are_read(folder: Path, tmp_path: Path) -> None:
    copy = Model.load(folder).save(tmp_path / "model")
    (copy / "domain.safetensors").write_bytes(b"none")
    with pytest.raises(ModelFolderError, match=r"domain\.safetensors was altered"):
        Model.load(copy).domain(["CCO"])
    config = json.loads((copy / "config.json").read_text())
    config["sha256"]["domain.safetensors"] = sha256(copy / "domain.safetensors")
    sign(copy, config)
    with pytest.raises(ModelFolderError, match=r"domain\.safetensors"):
        Model.load(copy).domain(["CCO"])


def test_another_rdkit_that_makes_other_fingerprints_compares_nothing(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    copy = Model.load(folder).save(tmp_path / "model")
    config = json.loads((copy / "config.json").read_text())
    config["featurizer_versions"] = {"rdkit": "2020.01.1"}
    sign(copy, config)
    assert Model.load(copy).domain(["CCO"]).shape[0] == 1
    config["beside"]["domain"]["probe"] = "0"
    sign(copy, config)
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(ConfigError, match="does not keep its training molecules"),
    ):
        Model.load(copy).domain(["CCO"])
    assert "2020.01.1" in caplog.text


def test_ensembles_and_joined_models_know_all(
    panel: Panel, model: Model, tmp_path: Path, nci_smiles: list[str]
) -> None:
    ensemble = train_ensemble(panel, SETTINGS, members=2, out=tmp_path / "ensemble")
    assert len(ensemble.beside["domain"]) == len(model.beside["domain"])
    other = train(panel_of(nci_smiles[400:500]), SETTINGS)
    both = join([model, other]).beside["domain"]
    assert len(both) == len(model.beside["domain"]) + len(other.beside["domain"])


def test_a_run_that_goes_on_knows_both(model: Model, nci_smiles: list[str]) -> None:
    more = panel_of(nci_smiles[400:500])
    found = train(more, {"epochs": 1}, start=model)
    assert len(found.beside["domain"]) > len(model.beside["domain"])
    bare = train(panel_of(nci_smiles[:100]), {**SETTINGS, "domain": "none"})
    assert "domain" not in train(more, {"epochs": 1}, start=bare).beside
