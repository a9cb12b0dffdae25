"""``pick``: from a screen's file to a table, an SD file and a page."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from rdkit import Chem

from bioassay_mtl.chem.liabilities import liabilities
from tests.choosing.conftest import Screened, screened
from tests.cli.conftest import Run
from tests.needs import extra
from tests.screening.tiny_model import TASKS

__all__ = ["screened"]  # a fixture


def test_all_files_hold_the_same_molecules(
    cli: Run,
    screened: Screened,
    tmp_path: Path,
) -> None:
    hits = screened()
    files = [tmp_path / name for name in ("p.csv", "p.sdf", "p.html", "p.jsonl")]
    outputs = [word for file in files for word in ("-o", file)]
    done = cli("pick", hits, "--assay", TASKS[1], "-n", 8, *outputs)
    assert (done.code, done.out) == (0, ""), done.err
    assert "8 molecules for PCBA-2, of 1" in done.err
    table = pd.read_csv(files[0])
    wide = pd.read_csv(hits).drop_duplicates("smiles")
    best = wide.sort_values(TASKS[1], ascending=False, kind="stable").head(8)
    assert table["smiles"].tolist() == best["smiles"].tolist()
    assert table["pick"].tolist() == list(range(1, 9))
    for _, row in table.iterrows():
        own = liabilities(row["smiles"])
        assert own is not None
        assert row["qed"] == pytest.approx(own.qed, abs=1e-6)
        assert (row["alerts"] if isinstance(row["alerts"], str) else "") == own.alerts
    molecules = list(Chem.SDMolSupplier(str(files[1])))
    assert [Chem.MolToSmiles(m) for m in molecules] == [
        Chem.CanonSmiles(text) for text in table["smiles"]
    ]
    assert pd.read_json(files[3], lines=True)["id"].tolist() == table["id"].tolist()
    page = files[2].read_text()
    assert page.count('<svg class="molecule"') == 8
    assert all(f"{n}. {each}" in page for n, each in enumerate(table["id"], 1))


def test_a_model_tells_more(cli: Run, tmp_path: Path, nci_smiles: list[str]) -> None:
    known = "CN[C@@H]1C[C@@H](c2ccc(Cl)c(Cl)c2)c2ccccc21"  # measured as inactive
    (tmp_path / "in.smi").write_text("\n".join([known, *nci_smiles[:40]]))
    hits, out, page = (tmp_path / name for name in ("hits.csv", "out.csv", "out.html"))
    assert cli("screen", tmp_path / "in.smi", "--assays", "ALDH1A1", "-o", hits).code == 0
    given = ("--assay", "ALDH1A1 inhibitors", "-n", 41, "--model", "pcba128")
    done = cli("pick", hits, *given, "-o", out, "-o", page)
    assert done.code == 0, done.err
    assert "PCBA-1030 (ALDH1A1 inhibitors)" in done.err
    table = pd.read_csv(out)
    n_inactive = int((table["known"] == "inactive").sum())
    assert n_inactive > 0
    assert f"{n_inactive} of these w" in done.err
    assert "measured as inactive" in done.err
    assert {"promiscuity", "nearest", "similarity", "in_domain"} <= {*table.columns}
    assert "Grade of the model" in page.read_text()
    assert "https://pubchem.ncbi.nlm.nih.gov/bioassay/1030" in page.read_text()


def test_a_page_says_how_sure_and_how_near(cli: Run, tmp_path: Path) -> None:
    lines = ["smiles,status,id,similarity,in_domain,A,A:low,A:high"]
    lines += ["CCO,ok,a,0.2,false,0.6,0.25,0.75", "CCN,ok,b,,,0.5,,"]
    (hits := tmp_path / "hits.csv").write_text("\n".join(lines) + "\n")
    out, page = tmp_path / "out.jsonl", tmp_path / "out.html"
    done = cli("pick", hits, "--assay", "A", "-o", out, "-o", page)
    assert done.code == 0, done.err
    first, second = (json.loads(line) for line in out.read_text().splitlines())
    assert (first["low"], first["high"], first["in_domain"]) == (0.25, 0.75, False)
    assert (second["low"], second["in_domain"]) == (None, None)
    text = page.read_text()
    assert text.count("likely 0.250 to 0.750") == text.count("likely") == 1
    assert "similarity 0.20, outside the domain of the model" in text


def test_a_column_that_has_the_name_of_a_number_may_hold_texts(cli: Run, tmp_path: Path) -> None:
    hits, out = tmp_path / "hits.csv", tmp_path / "out.jsonl"
    hits.write_text("smiles,status,low,A\nCCO,ok,3,0.6\nCCN,ok,n/a,0.5\n")
    done = cli("pick", hits, "--assay", "A", "--keep", "low", "-o", out)
    assert done.code == 0, done.err
    assert [json.loads(line)["low"] for line in out.read_text().splitlines()] == ["3", "n/a"]


def test_rules_and_columns(cli: Run, screened: Screened, tmp_path: Path) -> None:
    hits, out = screened("h.csv", annotate=("liabilities",), keep=("price",)), tmp_path / "p.csv"
    given = ("--assay", TASKS[0], "-n", 200, "--no-alerts", "--max-per-scaffold", 1)
    done = cli("pick", hits, *given, "--keep", "price", "-o", out)
    assert done.code == 0, done.err
    assert "with alerts" in done.err
    assert "though 200 were asked for" in done.err
    table = pd.read_csv(out)
    assert table["alerts"].isna().all()
    assert table["scaffold"].dropna().is_unique
    assert {"price", "promiscuity"} <= {*table.columns}


def test_standard_output_and_workbooks(
    cli: Run,
    screened: Screened,
    tmp_path: Path,
) -> None:
    extra("openpyxl", "excel")
    hits, out = screened(top=20), tmp_path / "p.xlsx"
    done = cli("pick", hits, "--assay", TASKS[0], "-n", 3, "-o", "-", "-o", out)
    assert done.code == 0, done.err
    assert done.out.startswith("pick,id,smiles,score,row,")
    assert len(done.out.splitlines()) == 4
    assert len(pd.read_excel(out)) == 3


def test_formulas_are_told_of_and_can_be_quoted(cli: Run, tmp_path: Path) -> None:
    hits, out = tmp_path / "hits.csv", tmp_path / "out.csv"
    hits.write_text("smiles,id,A\nCCO,=1+1,0.5\n")
    done = cli("pick", hits, "--assay", "A", "-o", out)
    assert "1 cell of text would run as formulas" in done.err
    assert pd.read_csv(out)["id"].tolist() == ["=1+1"]
    given = ("--overwrite", "--spreadsheet-safe")
    assert "formulas" not in cli("pick", hits, "--assay", "A", "-o", out, *given).err
    assert pd.read_csv(out)["id"].tolist() == ["'=1+1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--assay", "PCBA-3"], "no assay 'PCBA-3'"),
        (["--assay", "PCBA-1", "-o", "x.pq"], "no format that is written"),
        (["--assay", "PCBA-1", "-o", "a.csv", "-o", "a.csv"], "each file can be written once"),
        (["--assay", "PCBA-1", "--keep", "prize"], "no column 'prize'"),
        (["--assay", "PCBA-1", "--model", "nope"], "'nope'"),
    ],
)
def test_faults(
    cli: Run,
    screened: Screened,
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hits = screened()
    monkeypatch.chdir(tmp_path)
    done = cli("pick", hits, *arguments)
    assert done.code == 2
    assert said in done.err
    assert {path.name for path in tmp_path.iterdir()} == {"library.csv", "hits.csv"}


def test_what_stands_beside_predictions_is_no_assay(
    cli: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = "smiles,status,mw,A,A:low\nCCO,ok,46,0.5,0.25\nCCN,ok,45,nan,0.25\nCCC,empty,44,,\n"
    (hits := tmp_path / "hits.csv").write_text(table)
    for name in ("mw", "A:low", "status"):
        done = cli("pick", hits, "--assay", name, "-o", tmp_path / "out.csv")
        assert done.code == 2
        assert f"no assay '{name}'" in done.err
    done = cli("pick", hits, "--assay", "A", "-o", tmp_path / "out.csv")
    assert done.code == 0
    assert "1 cell of a prediction is no number, and left out" in caplog.text
    assert "of 1 with a prediction" in done.err
