"""An output has one writer: the second one is told so at once, and nothing is replaced."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bioassay_mtl.files import locked

from .conftest import COMMAND, Run


@pytest.fixture
def panel(tmp_path: Path) -> Path:
    path = tmp_path / "panel.csv"
    path.write_text("smiles,first\n" + "".join(f"{'C' * n}O,{n % 2}\n" for n in range(1, 9)))
    return path


@contextmanager
def screening(*arguments: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A screen that goes on for as long as its standard input is open."""
    command = [*COMMAND, "screen", "-", *map(str, arguments), "--workers", "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as running:
        try:
            yield running
        finally:
            running.kill()


def test_two_screens_to_one_output(
    cli: Run, panel: Path, model_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    with screening("-o", out, "--model", model_folder) as first:
        lock = tmp_path / ".out.csv.writing"
        while not (lock.exists() and lock.read_text()):  # it is held once it says by whom
            assert first.poll() is None
            time.sleep(0.02)
        for overwrite in ([], ["--overwrite"]):
            done = cli("screen", panel, "-o", out, "--model", model_folder, *overwrite)
            assert done.code == 2
            assert f"out.csv: is being written by another process (pid {first.pid})" in done.err
        first.communicate(b"CCO first\n")
        assert first.returncode == 0
    assert out.read_text().splitlines()[1].startswith("1,first,CCO,ok,")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "panel.csv"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["panel", "check", "{panel}", "--out", "{out}.csv"],
        ["panel", "check", "{panel}", "--log", "{out}.csv"],
        ["evaluate", "{model}", "{panel}", "--out", "{out}.csv"],
        ["evaluate", "{model}", "{panel}", "--report", "{out}.csv"],
        ["screen", "{panel}", "--model", "{model}", "-o", "{other}.csv", "--report", "{out}.csv"],
    ],
)
def test_every_output_of_every_verb(
    cli: Run, panel: Path, model_folder: Path, tmp_path: Path, arguments: list[str]
) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    words = [a.format(panel=panel, model=model_folder, out=out, other=other) for a in arguments]
    with locked(tmp_path / "out.csv"):
        done = cli(*words)
        assert done.code == 2
        assert "out.csv: is being written by" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["panel.csv"]


def test_one_file_for_two_outputs(
    cli: Run, panel: Path, model_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    for words in (
        ["panel", "check", panel, "--out", out, "--log", out],
        ["evaluate", model_folder, panel, "--out", out, "--report", out],
    ):
        done = cli(*words)
        assert done.code == 2
        assert "by this process already" in done.err
        assert not out.exists()
