"""``assays``: listed, searched and described; and shown wherever an assay is named."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import bioassay_mtl as bm
from bioassay_mtl.models.about import known_assays
from bioassay_mtl.models.assay_sheet import Described
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.sheet_making import sheet_of
from tests.cli.conftest import Run
from tests.datasets.pubchem_server import PubChem, serve
from tests.screening.tiny_model import TASKS, tiny_model

KNOWN = {
    TASKS[0]: Described(name="ALDH1A1 inhibitors", gene="ALDH1A1", target="ALDH"),
    TASKS[2]: Described(name="PLK1 polo-box", gene="PLK1"),
}


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    """A folder whose sheet describes two assays and grades the first."""
    model = tiny_model()
    row = {"task": TASKS[0], "n_actives": 50, "n_inactives": 50}
    scores = {"roc_auc": 0.99, "average_precision": 0.98}
    model.metrics = {"test": {"n_molecules": 100, "tasks": [row | scores]}}
    model.beside["assays"] = sheet_of(model, model.metrics, KNOWN)
    return model.save(tmp_path / "graded")


def listed(cli: Run, *arguments: Any) -> list[dict[str, Any]]:
    done = cli("assays", *arguments, "--json")
    assert done.code == 0
    return json.loads(done.out)  # type: ignore[no-any-return]


def test_all_are_listed_and_some_are_found(cli: Run, graded: Path) -> None:
    assert [row["id"] for row in listed(cli, graded)] == list(TASKS)
    assert [row["id"] for row in listed(cli, "list", graded, "--find", "plk")] == [TASKS[2]]
    (row,) = listed(cli, graded, "--find", "usable")
    assert (row["id"], row["grade"], row["gene"]) == (TASKS[0], "usable", "ALDH1A1")
    done = cli("assays", graded, "--find", "nothing")
    assert (done.code, done.out) == (0, "")
    assert "none of the 5 assays has 'nothing'" in done.err


def test_people_see_names_scores_and_grades(
    cli: Run, graded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    text = cli("assays", graded).out
    for word in (TASKS[0], "ALDH1A1", "usable", "0.990 (0.9", "without a grade: no held-out rows"):
        assert word in text
    assert cli("assays", "--help").code == 0
    assert "128 assays" in cli("assays").out


def test_a_model_without_a_sheet_is_listed_too(cli: Run, model_folder: Path) -> None:
    assert [row["id"] for row in listed(cli, model_folder)] == list(TASKS)


def test_info_shows_name_and_grade(cli: Run, graded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    text = cli("info", graded, "--assays").out
    assert "ALDH1A1 inhibitors, ALDH1A1" in text
    assert "1 usable, 4 without a grade" in text
    assert "usable" in text
    facts = json.loads(cli("info", graded, "--json").out)
    assert [assay["id"] for assay in facts["assays"]] == list(TASKS)


def test_a_screen_takes_names_genes_and_patterns(
    cli: Run, graded: Path, tmp_path: Path, nci_smiles: list[str]
) -> None:
    (tmp_path / "mine.smi").write_text("\n".join(nci_smiles[:20]) + "\n")
    out = tmp_path / "out.csv"
    cases = {
        "plk1": [TASKS[2]],
        "aldh1a1 inhibitors,PCBA-3*": [TASKS[0], "PCBA-30", "PCBA-31"],
        '"PLK1 polo-box",2': [TASKS[2], "PCBA-2"],
    }
    for wanted, expected in cases.items():
        given = ("--model", graded, "--assays", wanted, "-o", out, "--overwrite")
        done = cli("screen", tmp_path / "mine.smi", *given)
        assert done.code == 0
        assert f"{TASKS[2]} (PLK1 polo-box)" in done.err or TASKS[2] not in expected
        assert list(pd.read_csv(out).columns)[-len(expected) :] == expected
        assert list(pd.read_csv(out).columns)[-len(expected) - 1] not in TASKS


def test_the_table_of_hits_shows_name_and_grade(
    cli: Run, tmp_path: Path, nci_smiles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "mine.smi").write_text("\n".join(nci_smiles[:50]) + "\n")
    given = ("--assays", "ALDH1A1", "--show", "3", "-o", tmp_path / "out.csv")
    done = cli("screen", tmp_path / "mine.smi", *given)
    assert done.code == 0
    assert done.out.count("ALDH1A1 inhibitors") == 3
    assert done.out.count("usable") == 3


@pytest.fixture
def site() -> Iterator[PubChem]:
    with serve() as found:
        yield found


@pytest.fixture
def numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of assays that PubChem knows, and one that it does not."""
    model = tiny_model()
    model.tasks = ("PCBA-1030", "PCBA-1379", "PCBA-720504", "PCBA-7", "IC50")
    model.beside["assays"] = sheet_of(model, {}, {"PCBA-1030": Described(name="Mine")})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return model.save(tmp_path / "numbered")


def test_describe_fills_what_is_empty(cli: Run, numbered: Path, site: PubChem) -> None:
    before = Model.load(numbered).predict(["CCO"])
    done = cli("assays", "describe", numbered, "--server", site.url)
    assert (done.code, done.out) == (0, "")
    assert "3 of 5 assays described" in done.err
    assert "not fetched: PCBA-7 (the server answers 404)" in done.err
    assert "not fetched: IC50 (the identifier has no AID)" in done.err
    model = Model.load(numbered)
    first = model.sheet["PCBA-1030"]
    assert (first.name, first.gene, first.uniprot) == ("Mine", "ALDH1A1", "P00352")
    assert first.link == "https://pubchem.ncbi.nlm.nih.gov/bioassay/1030"
    assert "PubChem, AID 1030" in first.source
    assert "name" not in first.source.split(":")[0]
    assert model.sheet["IC50"].name == ""
    assert model.predict(["CCO"]).equals(before)


@pytest.mark.parametrize("name", ["about.json", "about.csv"])
@pytest.mark.cases(1)
def test_describe_writes_a_file_that_train_reads(
    cli: Run, numbered: Path, site: PubChem, tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    content = (numbered / "assays.json").read_bytes()
    given = ("assays", "describe", numbered, "--server", site.url, "--out", out)
    assert cli(*given).code == 0
    assert (numbered / "assays.json").read_bytes() == content
    assert (
        known_assays(out, ["PCBA-1030", "PCBA-1379", "PCBA-720504"])["PCBA-720504"].gene == "PLK1"
    )
    assert cli(*given).code == 2  # it exists


def test_a_file_describes_a_model_that_is_there(cli: Run, numbered: Path, tmp_path: Path) -> None:
    about = tmp_path / "about.yaml"
    about.write_text("IC50: {name: Carbonic anhydrase, active: binds}\nPCBA-1030: {name: Other}\n")
    done = cli("assays", "describe", numbered, "--about", about)
    assert (done.code, done.out) == (0, "")
    assert "2 of 5 assays described" in done.err
    sheet = Model.load(numbered).sheet
    assert (sheet["IC50"].name, sheet["IC50"].active) == ("Carbonic anhydrase", "binds")
    assert sheet["PCBA-1030"].name == "Other"
    assert cli("assays", "describe", numbered, "--about", about, "--out", "x.json").code == 2


def test_describe_without_a_network_changes_nothing(cli: Run, numbered: Path) -> None:
    content = (numbered / "assays.json").read_bytes()
    done = cli("assays", "describe", numbered, "--server", "http://127.0.0.1:9")
    assert done.code == 2
    assert "nothing could be fetched" in done.err
    assert (numbered / "assays.json").read_bytes() == content


def test_a_shipped_model_stays_as_it_is(cli: Run) -> None:
    done = cli("assays", "describe", "pcba128")
    assert done.code == 2
    assert "give --out FILE" in done.err


@pytest.mark.soak
def test_train_takes_what_users_say(cli: Run, tmp_path: Path) -> None:
    panel = Path(__file__).parents[2] / "datasets" / "example_panel.csv"
    tasks = bm.read_panel(panel).tasks
    with (tmp_path / "about.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["assay", "name"], [tasks[0], "First of all"]])
    settings = ("--set", "epochs=1", "--effort", "quick", "--set", "loggers=[]")
    given = ("train", panel, "--out", tmp_path / "m", "--about", tmp_path / "about.csv", *settings)
    done = cli(*given)
    assert done.code == 0, done.err
    assert Model.load(tmp_path / "m").sheet[tasks[0]].name == "First of all"
    (tmp_path / "about.csv").write_text("assay,name\nelse,x\n")
    done = cli(*given[:3], tmp_path / "n", *given[4:])
    assert done.code == 2
    assert "not the model's: 'else'" in done.err
    assert not (tmp_path / "n").exists()
