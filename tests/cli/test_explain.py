"""``bioassay-mtl explain``: numbers, a drawing and a page, or what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Result, Run


def explain(cli: Run, folder: Path, *given: Any) -> Result:
    return cli("explain", *given, "--model", folder)


def test_numbers_go_to_stdout(cli: Run, model_folder: Path) -> None:
    done = explain(cli, model_folder, "CCO", "nothing", "c1ccccc1O", "--assays", "PCBA-2,PCBA-1")
    assert done.code == 0
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [(row["assay"], row["smiles"]) for row in rows] == [
        ("PCBA-2", "CCO"),
        ("PCBA-2", "c1ccccc1O"),
        ("PCBA-1", "CCO"),
        ("PCBA-1", "c1ccccc1O"),
    ]
    assert len(rows[1]["atoms"]) == 7
    total = sum(rows[1]["atoms"]) + rows[1]["whole"]
    assert total == pytest.approx(rows[1]["value"] - rows[1]["reference"], abs=1e-4)
    assert "nothing: invalid_smiles" in done.err


@pytest.mark.parametrize("name", ["out.html", "out.svg", "out.json"])
def test_files_are_what_their_names_say(
    cli: Run, model_folder: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    done = explain(cli, model_folder, "CC(=O)Nc1ccc(O)cc1", "--assays", "PCBA-1", "--out", str(out))
    assert done.code == 0
    text = out.read_text()
    assert text.startswith({"html": "<!", "svg": "<svg", "json": "["}[name.split(".")[1]])
    again = explain(cli, model_folder, "CCO", "--assays", "PCBA-1", "--out", str(out))
    assert again.code == 2
    assert "exists already" in again.err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["nothing", "--assays", "PCBA-1"], "none of the molecules can be explained"),
        (["CCO", "--assays", "PCBI-1"], "PCBI-1"),
        (["CCO", "--assays", "PCBA-1", "--out", "x.png"], ".html, .svg, .json"),
        (["CCO", "CCC", "--assays", "PCBA-1", "--out", "x.svg"], "one drawing is of one molecule"),
    ],
)
def test_what_is_wrong_is_said(cli: Run, model_folder: Path, given: list[str], said: str) -> None:
    done = explain(cli, model_folder, *given)
    assert done.code == 2
    assert said in " ".join(done.err.split())
