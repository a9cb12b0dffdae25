"""The script for full PCBA, on a folder as OGB's with a few hundred real molecules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from rdkit.Chem import MolFromSmiles

from benchmarks import ogb_pcba
from benchmarks.harness.ledger import Entry, Ledger
from benchmarks.harness.provenance import provenance, used_by_torch
from benchmarks.ogb_pcba import (
    MOST_PARAMETERS,
    PRESETS,
    main,
    preset,
    read_ogb,
)
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.nn import build_network
from bioassay_mtl.training.config import TrainingConfig

KEY = ("ogbg-molpcba", "mixed", "", "test", 0, "all")


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A preset of small experts, trained for two epochs."""
    settings = preset("mixed") | {"epochs": 2, "batch_size": 64, "precision": "float32"}
    experts = settings["network"]["experts"]
    experts[0] |= {"width": 8}
    experts[1] |= {"width": 8, "hidden": 8, "depth": 2, "shared_depth": 1}
    monkeypatch.setattr(ogb_pcba, "preset", lambda name: settings)
    return settings


@pytest.fixture
def folder(tmp_path: Path, nci_smiles: list[str]) -> Path:
    """180 molecules, one of them unreadable, and 3 assays by rule with a third of cells empty."""
    smiles = [*nci_smiles[:179], "not a molecule"]
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"N": ["N" in s for s in smiles], "Cl": ["Cl" in s for s in smiles]})
    table["ring"] = ["1" in s for s in smiles]
    table = table.astype(float).mask(rng.random(table.shape) < 1 / 3)
    table["smiles"], table["mol_id"] = smiles, [f"CID{row}" for row in range(len(smiles))]
    (tmp_path / "mapping").mkdir()
    (tmp_path / "split" / "scaffold").mkdir(parents=True)
    table.to_csv(tmp_path / "mapping" / "mol.csv.gz", index=False)
    order = rng.permutation(len(smiles))
    order = np.append(order[order != 179], 179)  # the unreadable one is tested on
    for part, rows in zip(("train", "valid", "test"), np.split(order, (100, 140)), strict=True):
        path = tmp_path / "split" / "scaffold" / f"{part}.csv.gz"
        pd.Series(rows).to_csv(path, index=False, header=False)
    return tmp_path


def run(folder: Path, out: Path, *more: str) -> list[Entry]:
    main([str(folder), "--out", str(out), "--device", "cpu", "--workers", "1", *more])
    return [*Ledger(out / "results.jsonl").entries.values()]


@pytest.mark.soak
def test_a_run_reports_several_seeds_and_goes_on(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.set_num_threads(1)
    out = tmp_path / "runs"
    first = run(folder, out, "--seeds", "0")
    torch.set_num_threads(2)
    found = run(folder, out, "--seeds", "0", "1")
    torch.set_num_threads(1)
    assert found[:1] == first
    used = [each.notes["made_with"]["machine"].rpartition("; ")[2] for each in found]
    assert used == ["1 thread, no GPU", "2 threads, no GPU"]
    assert "| mixed | 2 |" in capsys.readouterr().out


def test_results_of_other_molecules_are_refused(folder: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    out = tmp_path / "runs"
    run(folder, out, "--seeds", "0")
    written = (out / "results.jsonl").read_bytes()
    table = folder / "mapping" / "mol.csv.gz"
    pd.read_csv(table).replace({"N": {1.0: 0.0}}).to_csv(table, index=False)
    with pytest.raises(SystemExit, match="trained on other molecules: give another --out"):
        run(folder, out, "--seeds", "0")
    assert (out / "results.jsonl").read_bytes() == written


def test_a_result_names_the_gpu_that_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "some GPU")
    assert [used_by_torch(device) for device in ("auto", "cuda")] == ["some GPU"] * 2
    assert used_by_torch("cpu").endswith("no GPU")
    assert provenance("some GPU")["machine"].endswith("shared; some GPU")


def test_features_are_made_with_all_settings(
    folder: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    torch.set_num_threads(1)
    tiny["max_atoms"] = 12
    run(folder, tmp_path / "runs", "--seeds", "0")
    known = json.loads((tmp_path / "runs" / "mixed-0" / "config.json").read_text())["training"]
    panel, parts = read_ogb(folder)
    assert panel.structures is not None
    sizes = [MolFromSmiles(panel.structures[row]).GetNumHeavyAtoms() for row in parts.train]
    assert known["rows"]["train"] == sum(size <= 12 for size in sizes) < 100


def test_the_folder_is_read_as_it_is(folder: Path) -> None:
    panel, split = read_ogb(folder)
    table = pd.read_csv(folder / "mapping" / "mol.csv.gz")
    assert panel.tasks == ("N", "Cl", "ring")
    assert panel.structures == table["smiles"].tolist()
    assert panel.ids[7] == "CID7"
    np.testing.assert_array_equal(panel.mask, table[["N", "Cl", "ring"]].notna())
    assert [len(split.train), len(split.valid), len(split.test)] == [100, 40, 40]
    assert split.test[-1] == 179


def test_scores_are_those_of_ogb() -> None:
    oracle: Any = pytest.importorskip("ogb.graphproppred", reason="ogb is not installed")
    rng = np.random.default_rng(1)
    labels = rng.integers(-1, 2, (300, 128))
    labels[:, 3], labels[:, 4] = 1, -1
    labels[:, 5] = np.where(labels[:, 5] == 1, 0, labels[:, 5])
    predicted = rng.random((300, 128)).round(2).astype(np.float32)
    answers = {"y_true": np.where(labels < 0, np.nan, labels), "y_pred": predicted}
    expected = oracle.Evaluator("ogbg-molpcba").eval(answers)["ap"]
    entry = Entry.scored(KEY, labels, predicted, [str(task) for task in range(128)])
    assert np.mean(entry.ap) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_have_at_most_six_million_parameters(name: str) -> None:
    config = TrainingConfig.of(preset(name))
    sizes = Featurizer.from_config({"fingerprints": config.fingerprints}).input_sizes
    network = build_network(config.network, sizes, [str(task) for task in range(128)])
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    assert 2_000_000 < n_parameters <= MOST_PARAMETERS
