"""``screen --out`` and ``merge``, as they are typed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.screening.parts.conftest import held

from .conftest import COMMAND, Run


@pytest.fixture
def molecules(tmp_path: Path, nci_smiles: list[str]) -> Path:
    path = tmp_path / "some.smi"
    path.write_text("\n".join(nci_smiles[:600]) + "\n")
    return path


def test_parts_are_written_and_joined(
    cli: Run, model_folder: Path, molecules: Path, tmp_path: Path
) -> None:
    screened = ["screen", molecules, "--model", model_folder]
    into = ["--out", tmp_path / "parts", "--part-rows", 400]
    done = cli(*screened, *into, "--shard", "2/2", "--json")
    assert done.code == 0, done.err
    assert "1 part written, 1 of 2 are there" in done.err
    assert json.loads(done.out)["rows"] == 200
    best = ["merge", tmp_path / "parts", "-o", tmp_path / "best.csv", "--top", 5]
    assert "1 of 2 parts still to be written" in cli(*best).err
    done = cli(*best, "--partial")
    assert "best.partial.csv is partial: 1 part of 2 missing" in done.err
    assert "1 part written, 2 of 2 are there" in cli(*screened, *into).err
    assert cli(*best).code == 0
    assert cli(*screened, "-o", tmp_path / "one.csv", "--top", 5).code == 0
    assert (tmp_path / "best.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--out", "x", "-o", "y.csv"], "--output and --out exclude each other"),
        (["--out", "x", "--show", "3"], "--show and --out exclude each other"),
        (["--out", "x", "--report", "y.html"], "--report and --out exclude each other"),
        (["--out", "-"], "--out -: a folder is written, and - is standard output (-o - writes one"),
        (["--out", "x", "--top", "3"], "--top cannot be obeyed part by part"),
        (["--out", "x", "--shard", "3"], "--shard: I/N is expected"),
        (["--out", "x", "--shard", "0/2"], "--shard: I/N is expected"),
        (["--out", "x", "--shard", "3/2"], "shard 3 of 2"),
        (["--out", "x", "--engine", "spark"], "--engine spark: local or ray is expected"),
        (["--out", "x", "--address", "auto"], "--address is for --engine ray"),
        (["--engine", "ray"], "--engine is for --out FOLDER"),
        (["--shard", "1/2"], "--shard is for --out FOLDER"),
        (["--part-rows", "10"], "--part-rows is for --out FOLDER"),
    ],
)
def test_options_are_obeyed_or_refused(
    cli: Run, model_folder: Path, molecules: Path, words: list[str], said: str
) -> None:
    done = cli("screen", molecules, "--model", model_folder, *words)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""


def test_hardly_a_molecule_is_a_fault_each_time(
    cli: Run, model_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "lines.smi"
    path.write_text("one\ntwo\nthree\n")
    for written in ("1 part", "0 parts"):
        done = cli("screen", path, "--out", tmp_path / "parts", "--model", model_folder)
        assert done.code == 2
        assert f"{written} written, 1 of 1 is there" in done.err
        assert "hardly a record is a molecule (invalid_smiles: 3)" in done.err


@pytest.mark.soak
def test_a_killed_command_goes_on(
    cli: Run, model_folder: Path, molecules: Path, tmp_path: Path
) -> None:
    def command(out: str) -> list[str]:
        words = [str(molecules), "--model", str(model_folder), "--out", str(tmp_path / out)]
        return ["screen", *words, "--part-rows", "20", "--batch-size", "20", "--workers", "1"]

    receipts = tmp_path / "killed" / "receipts"
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen([*COMMAND, *command("killed")], env=environment) as process:
        while not [*receipts.glob("part*")] and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    done = cli(*command("killed"), "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["written"] < json.loads(done.out)["parts"] == 30
    assert cli(*command("whole")).code == 0
    assert held(tmp_path / "killed") == held(tmp_path / "whole")
