"""``bioassay-mtl panel check``, and what a training says of a table."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bioassay_mtl.panels.panel import Panel
from tests.cli.conftest import Run

TABLE = (
    "SMILES,name,IC50 (nM),hERG\nCCO,a,> 10000,1\n[Na+].CC(=O)[O-],b,120,0\nxx,c,5,\n"
    "CCN,d,junk,1\nCCC,e,80,0\nCCCC,f,<0.5,0\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "panel.csv"
    path.write_text(TABLE)
    return path


def test_check_writes_a_cleaned_panel_and_a_log(table: Path, cli: Run) -> None:
    clean, log = table.with_name("clean.csv"), table.with_name("log.csv")
    done = cli(
        *("panel", "check", str(table), "--to-p", "--standardize"),
        *("--out", str(clean), "--log", str(log)),
    )
    assert done.code == 0, done.err
    assert "wide table, 6 rows: 5 molecules, 2 assays (1 censored, 1 binary)" in done.out
    panel = Panel.read(clean)
    assert panel.tasks == ("pIC50", "hERG")
    assert panel.standardize is True  # of a model made of it, too
    assert panel.structures == ["CCO", "CC(=O)O", "CCN", "CCC", "CCCC"]
    assert panel.bounds is not None
    assert panel.bounds[:, 0].tolist() == [-1, 0, 0, 0, 1]
    with log.open() as stream:
        entries = [(row["line"], row["outcome"]) for row in csv.DictReader(stream)]
    assert ("5", "unreadable value, left out") in entries
    assert ("4", "SMILES cannot be used, left out") in entries
    assert ("3", "molecule standardized") in entries
    again = cli("panel", "check", str(table), "--out", str(clean))
    assert again.code == 2
    assert "exists" in again.err


def test_train_says_which_cell_it_cannot_read(
    table: Path, cli: Run, caplog: pytest.LogCaptureFixture
) -> None:
    small = ("--set", "epochs=1", "--set", "fingerprints={ecfp: {kind: morgan}}")
    out = table.with_name("model")
    assert cli("train", table, "--out", out, "--workers", "1", *small).code == 0
    assert "1 cell cannot be read, and left out: line 5, column 'IC50 (nM)': 'junk'" in caplog.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "hERG:binry"], "did you mean 'binary'"),
        (["--task", "hERG:ordinal:a"], "classes"),
        (["--column", "smile=SMILES"], "did you mean 'smiles'"),
        (["--column", "smiles=SMILE"], "no column 'SMILE' (did you mean 'SMILES'?)"),
        (["--min-rows", "7"], "no assay has 7 molecules"),
        (["--out", "-"], "--out needs a file"),
        (["--out", "clean.parquet"], "--out writes CSV"),
    ],
)
def test_faults(table: Path, options: list[str], message: str, cli: Run) -> None:
    done = cli("panel", "check", str(table), *options)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


def test_to_p_without_effect_is_said(tmp_path: Path, cli: Run) -> None:
    table = tmp_path / "panel.csv"
    table.write_text("smiles,potency\nCCO,12.5\nCCN,150\nCCC,3\n")
    done = cli("panel", "check", str(table), "--to-p", "--task", "potency:regression")
    assert done.code == 2
    assert "nothing was converted to pActivity" in done.err
    assert "leave out --to-p" in done.err
    table.write_text("smiles,potency (nM)\nCCO,12.5\nCCN,150\nCCC,3\n")
    done = cli("panel", "check", str(table), "--to-p")
    assert done.code == 0
    assert "nothing was converted" not in done.err


def test_check_shows_what_was_decided_of_every_column(tmp_path: Path, cli: Run) -> None:
    table = tmp_path / "panel.csv"
    table.write_text("smiles,pIC50,is_pains,MW\nCCO,5.1,1,46\nCCN,6.2,0,45\nCCC,7.0,1,44\n")
    done = cli("panel", "check", str(table))
    assert done.code == 0, done.err
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "smiles SMILES by its name" in lines
    assert "pIC50 assay regression a name of a measured type, numbers" in lines
    assert "is_pains no assay a name of a flag" in lines
    assert "MW no assay a name of a computed property" in lines


def test_what_is_asked_is_settled_by_the_option_that_is_named(tmp_path: Path, cli: Run) -> None:
    table = tmp_path / "panel.csv"
    table.write_text("smiles,a,b\nCCO,1,1\nCCN,-1,-1\nCCC,1,1\n")
    asked = cli("panel", "check", str(table))
    assert asked.code == 2
    assert "--task a:binary:-1,1 if it is inactive; --missing -1 if" in asked.err
    both = ("--task", "a:binary:-1,1", "--task", "b:binary:-1,1")
    settled = cli("panel", "check", str(table), *both)
    assert settled.code == 0, settled.err
    assert settled.out.count("2 active, 1 inactive") == 2
    assert cli("panel", "check", str(table), "--missing", "-7").code == 2
