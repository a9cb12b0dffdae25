"""Molecules that a model was trained on are marked in every output, and can be left out of hits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem

from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.loading import PendingModel
from bioassay_mtl.models.model import Model
from bioassay_mtl.report import screen_report, screen_tally
from bioassay_mtl.screening.hits import TellingHits, usual_shares
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from bioassay_mtl.screening.summary import ScreenSummary

LIBRARY = [
    "CCO new-1",
    "CC(=O)[O-].[Na+] salt",
    "not_a_molecule bad",
    "C[C@@H](C(=O)O)N stereo",
    "[13CH3]C(C(O)=O)N labeled",
    "c1ccccc1CCN new-2",
    "CC(N)C(=O)OC new-3",
]
KNOWN = [False, True, None, True, True, False, False]


@pytest.fixture(scope="module")
def trained(model: Model) -> Model:
    """The small model, which knows acetic acid and alanine."""
    return replace(model, training_molecules=TrainingMolecules.of(["OC(C)=O", "NC(C)C(=O)O"]))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "library.smi"
    path.write_text("\n".join(LIBRARY) + "\n")
    return path


def run(
    model: Model | PendingModel, path: Path, name: str = "out.csv", watch: Any = (), **options: Any
) -> tuple[Path, ScreenSummary]:
    out = path.with_name(name)
    chosen = ScreenOptions.of({"overwrite": True, "workers": 1, **options})
    return out, screen([path], model, out, chosen, watch=watch)


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.jsonl", "out.parquet"])
def test_every_format_has_the_column(trained: Model, library: Path, name: str, long: bool) -> None:
    out, summary = run(trained, library, name, long=long)
    if name.endswith("jsonl"):
        table = pd.DataFrame([json.loads(line) for line in out.read_text().splitlines()])
    elif name.endswith("parquet"):
        table = pd.read_parquet(out)
        assert set(table["in_training"].dropna().map(type)) == {bool}
    else:
        table = pd.read_csv(out, sep="\t" if name.endswith("tsv") else ",")
    found = table.drop_duplicates("row")["in_training"]
    assert [None if pd.isna(each) else bool(each) for each in found] == KNOWN
    assert summary.in_training == 3
    assert summary.to_dict()["in_training"] == 3


def test_text_says_true_false_or_nothing(trained: Model, library: Path) -> None:
    out, _ = run(trained, library, assays=("PCBA-1",))
    cells = [line.split(",")[4] for line in out.read_text().splitlines()]
    assert cells == ["in_training", "false", "true", "", "true", "true", "false", "false"]


def test_a_model_that_does_not_know_says_nothing(model: Model, library: Path) -> None:
    out, summary = run(model, library)
    assert pd.read_csv(out)["in_training"].isna().all()
    assert summary.in_training is None
    with pytest.raises(ConfigError, match="does not know its training molecules"):
        run(model, library, top=1, new_only=True)


def test_workers_folders_and_mol_blocks_say_the_same(
    trained: Model, library: Path, tmp_path: Path
) -> None:
    expected = run(trained, library)[0].read_bytes()
    pending = PendingModel(trained.save(tmp_path / "model"))
    out, _ = run(pending, library, workers=2, batch_size=2)
    assert out.read_bytes() == expected
    sdf = tmp_path / "library.sdf"
    with Chem.SDWriter(str(sdf)) as writer:
        for line in LIBRARY:
            mol = Chem.MolFromSmiles(line.split()[0])
            if mol is not None:
                writer.write(mol)
    table = pd.read_csv(run(trained, sdf)[0])
    assert table["in_training"].tolist() == [known for known in KNOWN if known is not None]


def test_top_marks_them_or_leaves_them_out(trained: Model, library: Path) -> None:
    table = pd.read_csv(run(trained, library, top=6)[0])
    of_one = table[table["assay"] == "PCBA-1"].sort_values("row")
    assert of_one["in_training"].tolist() == [known for known in KNOWN if known is not None]
    new = pd.read_csv(run(trained, library, top=6, new_only=True)[0])
    assert new["row"].drop_duplicates().sort_values().tolist() == [1, 6, 7]
    assert not new["in_training"].any()
    assert len(pd.read_csv(run(trained, library, new_only=True)[0])) == len(LIBRARY)


@pytest.mark.parametrize("new_only", [False, True])
def test_hits_and_report_mark_them_or_leave_them_out(
    trained: Model, library: Path, new_only: bool
) -> None:
    options = ScreenOptions(new_only=new_only)
    hits = TellingHits(trained.tasks, usual_shares(trained), 10)
    tally = screen_tally(trained, options)
    _, summary = run(trained, library, watch=[hits.add, tally.add], new_only=new_only)
    expected = {row + 1: known for row, known in enumerate(KNOWN) if known is not None}
    if new_only:
        expected = {row: known for row, known in expected.items() if not known}
    assert {hit.row: hit.in_training for hit in hits.best()} == expected
    best = [best for best in tally.best if best is not None]
    assert all(each.in_training == expected[each.row] for each in best)
    page = screen_report(summary, tally)
    assert ("the model was trained on it" in page) != new_only
    assert "trained on 3 of them" in page
    assert tally.n_ok == 6


def test_marks_cost_no_row(trained: Model, tmp_path: Path, nci_smiles: list[str]) -> None:
    known = replace(trained, training_molecules=TrainingMolecules.of(nci_smiles[300:400]))
    path = tmp_path / "nci.smi"
    path.write_text("".join(f"{text}\n" for text in nci_smiles[:1000]))
    table = pd.read_csv(run(known, path, batch_size=97)[0])
    ok = (table["status"] == "ok").to_numpy()
    expected = known.in_training(nci_smiles[:1000])
    np.testing.assert_array_equal(table["in_training"][ok].astype(bool), expected[ok])
    assert expected[300:400][ok[300:400]].all()
    unmarked = pd.read_csv(run(replace(trained, training_molecules=None), path)[0])
    assert table.drop(columns="in_training").equals(unmarked.drop(columns="in_training"))


def test_standardized_screens_give_a_salt_what_its_parent_gets(
    model: Model, tmp_path: Path
) -> None:
    path = tmp_path / "salts.smi"
    path.write_text("CC(=O)O acid\nCC(=O)[O-].[Na+] salt\nCCN amine\nCC[NH3+].[Cl-] chloride\nx\n")
    raw, done = (pd.read_csv(run(model, path, standardize=each)[0]) for each in (False, True))
    tasks = list(model.tasks)
    for table, same in ((raw, False), (done, True)):
        for parent in (0, 2):
            assert table[tasks].iloc[parent].equals(table[tasks].iloc[parent + 1]) == same
    assert done["smiles"].tolist() == raw["smiles"].tolist()
    assert done["status"].tolist() == raw["status"].tolist()
    assert done[tasks].iloc[[0, 2]].equals(raw[tasks].iloc[[0, 2]])  # parents are their own
    structures = raw["smiles"].tolist()
    found = model.predict(structures, standardize=True)[tasks]
    np.testing.assert_allclose(found, done[tasks], atol=6e-7)
    two = run(model, path, "two.csv", standardize=True, workers=2, batch_size=2)[0]
    assert two.read_bytes() == path.with_name("out.csv").read_bytes()


def test_a_model_that_standardizes_anyhow_takes_the_option(model: Model) -> None:
    own = replace(model, featurizer=replace(model.featurizer, standardize="tautomer"))
    assert own.featurizer.standardizing() is own.featurizer
    structures = ["CC(=O)[O-].[Na+]", "CC(=O)O"]
    assert own.predict(structures).equals(own.predict(structures, standardize=True))
