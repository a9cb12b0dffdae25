"""Hostile names: nothing from outside is obeyed by a terminal or by rich."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path
from typing import Any

import pytest

import bioassay_mtl.cli
from tests.screening.tiny_model import tiny_model
from tests.terminal import on_terminal

from .conftest import COMMAND, Run

EVIL = "x[/b][red]\x1b]0;owned\x07\x9b31m:smile:"
SHOWN = r"x[/b][red]\x1b]0;owned\x07\x9b31m:smile:"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    made = tiny_model()
    made.tasks = (EVIL, *made.tasks[1:])
    made.name = EVIL
    made.annotations = {EVIL: {"target": EVIL}}
    return made.save(tmp_path / "models" / "model")


@pytest.fixture
def panel(tmp_path: Path) -> Path:
    path = tmp_path / "panel.csv"
    rows = "".join(f"{'C' * n}O,{n % 2},{EVIL}{n}\n" for n in range(1, 9))
    path.write_text(f"smiles,{EVIL},id\n{rows}bad{EVIL},1,{EVIL}\n")
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ["screen", "{panel}", "--model", "{model}", "-o", "{out}", "--show", "5"],
        ["screen", "{panel}", "--model", "{model}", "-o", "{out}", "--json"],
        ["screen", "{panel}", "--model", "{model}", "-o", "{out}", "--assays", "{evil}?"],
        ["screen", "{panel}", "--model", "{evil}", "-o", "{out}"],
        ["screen", "{evil}", "--model", "{model}", "-o", "{out}"],
        ["screen", "{panel}", "--{evil}"],
        ["{evil}"],
        ["info", "{model}"],
        ["info", "{model}", "--json"],
        ["evaluate", "{model}", "{panel}", "--bootstrap", "9"],
        ["evaluate", "{model}", "{panel}", "--split-column", "{evil}", "--part", "{evil}"],
        ["panel", "check", "{panel}"],
        ["panel", "check", "{panel}", "--task", "{evil}:nothing"],
        ["train", "{panel}", "--out", "{out}", "--set", "{evil}=1"],
        ["train", "{panel}", "--out", "{out}", "--set", "network.kind={evil}"],
        ["train", "{panel}", "--out", "{out}", "--task", "{evil}:regression", "--print-config"],
        ["datasets", "fetch", "{evil}"],
        ["datasets", "fetch", "hiv", "--out", "{panel}/{evil}"],
    ],
)
@pytest.mark.cases(9)
def test_nothing_is_obeyed(
    cli: Run, tmp_path: Path, model: Path, panel: Path, arguments: Any
) -> None:
    folder = tmp_path / "x["
    folder.mkdir()
    out = folder / f"b]{EVIL.replace('/', '')}.csv"
    words = [a.format(model=model, panel=panel, evil=EVIL, out=out) for a in arguments]
    done = cli(*words)
    assert done.code in (0, 2)
    assert "MarkupError" not in done.err
    said = done.out + done.err
    assert said
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", said)


def test_names_are_shown_as_they_are(cli: Run, tmp_path: Path, model: Path, panel: Path) -> None:
    out = tmp_path / f"{EVIL.replace('/', '')}.csv"
    done = cli("screen", panel, "--model", model, "-o", out)
    assert done.code == 0
    flat = "".join(done.err.split())
    assert SHOWN in flat  # the model's name
    assert SHOWN.replace("/", "") in flat  # the output's
    assert EVIL in out.read_text()  # data are kept as they are


@pytest.mark.soak
def test_results_on_a_terminal(panel: Path, model: Path) -> None:
    command = [*COMMAND, "screen", panel, "--model", model, "--workers", "1"]
    said = on_terminal(command, "stdout").terminal
    assert rb"\x1b]0;owned\x07" in said
    assert b"\x1b" not in said
    assert b"\x07" not in said


def test_there_is_one_way_to_a_console() -> None:
    for path in Path(bioassay_mtl.cli.__file__).parent.glob("*.py"):
        if path.name != "console.py":
            assert "import Console\n" not in path.read_text().partition("TYPE_CHECKING:")[0]


def test_names_of_files_that_are_no_text(cli: Run, tmp_path: Path, model_folder: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    folder.mkdir()
    panel, out, page = (folder / name for name in ("panel.csv", "out.csv", "page.html"))
    panel.write_text("smiles,PCBA-1\n" + "".join(f"{'C' * n}O,{n % 2}\n" for n in range(1, 9)))
    packed = folder / "panel.csv.gz"
    packed.write_bytes(gzip.compress(panel.read_bytes()))
    for words in (
        ["screen", panel, packed, "--model", model_folder, "-o", out, "--report", page],
        ["panel", "check", panel, "--out", folder / "clean.csv", "--log", folder / "log.csv"],
        ["panel", "check", packed],
        [
            "evaluate",
            model_folder,
            panel,
            "--out",
            folder / "e.json",
            "--report",
            folder / "e.html",
        ],
        ["screen", panel, packed, "--model", model_folder, "-o", folder / "out.parquet"],
    ):
        done = cli(*words)
        assert (done.code, "unexpected" in done.err) == (0, False)
    done = cli("train", panel, "--out", folder / "model")
    assert (done.code, "must be UTF-8" in done.err) == (2, True)
    assert "\\udcff/panel.csv" in out.read_text()
    assert "\\udcff" in page.read_text()
