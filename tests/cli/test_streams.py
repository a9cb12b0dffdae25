"""Standard streams that are closed, full, or speak little: files are whole all the same."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import COMMAND

FAST = ["--workers", "1"]
SMALL = ["--set", "epochs=1"]


@pytest.fixture
def panel(tmp_path: Path) -> Path:
    path = tmp_path / "panel.csv"
    path.write_text("smiles,PCBA-1\n" + "".join(f"{'C' * n}O,{n % 2}\n" for n in range(1, 41)))
    return path


def shell(redirection: str, *arguments: Any, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """The command as a shell runs it, with its streams redirected."""
    words = [*COMMAND, *map(str, arguments)]
    script = f'"$@" {redirection}'
    return subprocess.run(["sh", "-c", script, "sh", *words], check=False, **options)


CLOSED = ">&- 2>&- <&-"
Verb = tuple[list[Any], Path]


def screens(folder: Path, panel: Path, model: Path) -> Verb:
    return ["screen", panel, "-o", folder / "out.csv", "--model", model, *FAST], folder / "out.csv"


def shows(folder: Path, panel: Path, model: Path) -> Verb:
    arguments, out = screens(folder, panel, model)
    page = folder / "page.html"
    return [*arguments, "--show", "3", "--json", "--report", page], out


def checks(folder: Path, panel: Path, model: Path) -> Verb:
    return ["panel", "check", panel, "--out", folder / "out.csv"], folder / "out.csv"


def evaluates(folder: Path, panel: Path, model: Path) -> Verb:
    out = folder / "out.json"
    return ["evaluate", model, panel, "--out", out, "--bootstrap", "9", *FAST], out


@pytest.mark.parametrize(
    "verb",
    [
        pytest.param(screens, marks=pytest.mark.soak),
        shows,
        checks,
        pytest.param(evaluates, marks=pytest.mark.soak),
    ],
)
@pytest.mark.cases(1)
def test_with_all_streams_closed_files_are_whole(
    verb: Callable[[Path, Path, Path], Verb], panel: Path, model_folder: Path, tmp_path: Path
) -> None:
    found = []
    for name, redirection in (("open", ""), ("closed", CLOSED)):
        folder = tmp_path / name
        folder.mkdir()
        arguments, out = verb(folder, panel, model_folder)
        done = shell(redirection, *arguments, capture_output=True)
        assert done.returncode == 0
        found.append(out.read_bytes())
        assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    assert found[0] == found[1]


@pytest.mark.soak
def test_training_with_all_streams_closed(panel: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    assert shell(CLOSED, "train", panel, "--out", out, *SMALL, *FAST).returncode == 0
    assert (out / "report.html").exists()


def unread(*arguments: Any) -> int:
    """The exit code of a command whose reader has gone, as ``2>&1 | head -0`` has it."""
    read, write = os.pipe()
    os.close(read)
    words = [*COMMAND, *map(str, arguments)]
    try:
        return subprocess.run(words, check=False, stdout=write, stderr=write).returncode
    finally:
        os.close(write)


def test_a_table_is_written_though_nobody_reads_what_is_said(panel: Path, tmp_path: Path) -> None:
    assert unread("panel", "check", panel, "--out", tmp_path / "out.csv") == 0
    assert (tmp_path / "out.csv").exists()


@pytest.mark.soak
def test_training_though_nobody_reads_what_is_said(panel: Path, tmp_path: Path) -> None:
    assert unread("train", panel, "--out", tmp_path / "model", *SMALL, *FAST) == 0
    assert (tmp_path / "model" / "report.html").exists()


@pytest.mark.parametrize(
    "verb",
    [
        "models",
        pytest.param("info", marks=pytest.mark.soak),
        "datasets list",
        pytest.param("plugins", marks=pytest.mark.soak),
        "--version",
    ],
)
@pytest.mark.cases(1)
def test_what_only_speaks_ends_well_unheard(verb: str) -> None:
    assert shell(CLOSED, *verb.split()).returncode == 0


@pytest.mark.soak
def test_results_for_a_closed_stream_are_refused(panel: Path, model_folder: Path) -> None:
    done = shell(">&-", "screen", panel, "--model", model_folder, *FAST, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: standard output: could not be written: Bad file")
    done = shell("<&-", "screen", "-", "--model", model_folder, *FAST, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: standard input: cannot be read: Bad file descriptor")


@pytest.mark.parametrize("encoding", ["ascii", pytest.param("latin-1", marks=pytest.mark.soak)])
@pytest.mark.soak
def test_what_an_encoding_lacks_is_written_out(
    encoding: str, model_folder: Path, tmp_path: Path
) -> None:
    panel = tmp_path / "panel → µ.csv"
    panel.write_text("smiles,id\nCCO,→µ\n", encoding="utf-8")
    out = tmp_path / "out.csv"
    surroundings = {**os.environ, "PYTHONIOENCODING": encoding}
    arguments = ["screen", panel, "-o", out, "--model", model_folder, "--show", "3", *FAST]
    done = shell("", *arguments, capture_output=True, env=surroundings)
    assert done.returncode == 0
    assert b"\\u2192" in done.stdout
    assert ",→µ,CCO,ok," in out.read_text(encoding="utf-8").replace("1,→µ", ",→µ")
    checked = shell("", "panel", "check", panel, capture_output=True, env=surroundings)
    assert checked.returncode == 2
    assert b"\\u2192" in checked.stderr


@pytest.fixture
def full() -> Iterator[Any]:
    if not Path("/dev/full").exists():
        pytest.skip("the system has no /dev/full")
    with Path("/dev/full").open("wb") as file:
        yield file


@pytest.mark.parametrize(
    "words",
    [
        "screen {panel} --model {model} --workers 1",
        pytest.param(
            "evaluate {model} {panel} --out - --bootstrap 0 --workers 1", marks=pytest.mark.soak
        ),
        "panel check {panel}",
        pytest.param("panel check {panel} --log - --out {out}", marks=pytest.mark.soak),
    ],
)
@pytest.mark.cases(1)
def test_a_full_disk_behind_standard_output(
    full: Any, panel: Path, model_folder: Path, tmp_path: Path, words: str
) -> None:
    places = {"panel": panel, "model": model_folder, "out": tmp_path / "out.csv"}
    arguments = [word.format(**places) for word in words.split()]
    done = shell("", *arguments, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["panel.csv"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["models"],
        pytest.param(["info"], marks=pytest.mark.soak),
        ["datasets", "list"],
        ["panel", "check", "{panel}"],
    ],
)
def test_a_reader_that_has_gone(arguments: list[str], panel: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = [word.format(panel=panel) for word in arguments]
    done = shell("", *words, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
