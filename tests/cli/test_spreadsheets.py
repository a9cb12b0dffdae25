"""Names that a spreadsheet would run: counted, told of, and quoted where that is asked for."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from .conftest import Run

RUNS = ["=HYPERLINK(1)", "@SUM(1)", "-2+3"]
HARMLESS = ["-5", "aspirin"]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "library.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("smiles", "id"), *(("CCO", i) for i in (*RUNS, *HARMLESS))])
    return path


def column(path: Path, name: str, delimiter: str = ",") -> list[str]:
    with path.open(newline="") as file:
        return [row[name] for row in csv.DictReader(file, delimiter=delimiter)]


@pytest.mark.parametrize("shape", [[], ["--top", "5"], ["--long"]])
@pytest.mark.parametrize(("name", "delimiter"), [("out.csv", ","), ("out.tsv", "\t")])
def test_a_screen(
    cli: Run,
    library: Path,
    model_folder: Path,
    tmp_path: Path,
    shape: list[str],
    name: str,
    delimiter: str,
) -> None:
    out = tmp_path / name
    arguments = ["screen", library, "-o", out, "--model", model_folder, *shape]
    done = cli(*arguments)
    assert done.code == 0
    assert "cells of text would run as formulas in a spreadsheet: see --spread" in done.err
    assert set(column(out, "id", delimiter)) == {*RUNS, *HARMLESS}
    done = cli(*arguments, "--overwrite", "--spreadsheet-safe")
    assert done.code == 0
    assert "formulas" not in done.err
    assert set(column(out, "id", delimiter)) == {*("'" + each for each in RUNS), *HARMLESS}


def test_the_count(cli: Run, library: Path, model_folder: Path, tmp_path: Path) -> None:
    for name, n in (("out.csv", 3), ("out.jsonl", 0), ("out.parquet", 0)):
        arguments = ["-o", tmp_path / name, "--model", model_folder, "--json"]
        done = cli("screen", library, *arguments)
        assert json.loads(done.out)["formula_cells"] == n
        assert done.err == ""


def test_a_check_leaves_the_panel_and_guards_the_log(cli: Run, tmp_path: Path) -> None:
    panel, out, log = tmp_path / "panel.csv", tmp_path / "out.csv", tmp_path / "log.csv"
    panel.write_text(
        "smiles,assay,id\n"
        + "".join(f"{'C' * n}O,{n % 2},@name{n}\n" for n in range(1, 9))
        + "=bad(),1,x\n"
    )
    done = cli("panel", "check", panel, "--out", out, "--log", log)
    assert done.code == 0
    assert f"8 cells of {out} would run as formulas" in done.err
    assert column(out, "id") == [f"@name{n}" for n in range(1, 9)]
    assert column(log, "detail") == ["'=bad()"]
