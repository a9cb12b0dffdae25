"""``bioassay-mtl screen`` as a user meets it."""

from __future__ import annotations

import csv
import io
import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bioassay_mtl.chem import ahead
from bioassay_mtl.chem.identity import TrainingMolecules
from tests.cli.conftest import COMMAND, Run
from tests.screening.tiny_model import TASKS, tiny_model


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "library.smi"
    path.write_text("CCO ethanol\nnonsense bad\nc1ccccc1 benzene\n")
    return path


@pytest.fixture
def endless(tmp_path: Path, nci_smiles: list[str]) -> Path:
    """Enough work for minutes."""
    path = tmp_path / "endless.smi"
    path.write_text("".join(f"{s}\n" for s in nci_smiles) * 200)
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_in_file_out(cli: Run, library: Path, model_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    done = cli("screen", library, "-o", out, "--model", model_folder)
    assert (done.code, done.out) == (0, "")
    assert "invalid_smiles" in done.err
    assert "molecules/s" in done.err
    rows = table(out)
    assert [(row["row"], row["id"], row["status"]) for row in rows] == [
        ("1", "ethanol", "ok"),
        ("2", "bad", "invalid_smiles"),
        ("3", "benzene", "ok"),
    ]


def test_pipe_in_pipe_out_equals_prediction_in_memory(process: Run, model_folder: Path) -> None:
    done = process("screen", "-", "--model", model_folder, input="CCO a\r\nbad b\r\nCCN c")
    assert done.code == 0
    rows = list(csv.DictReader(io.StringIO(done.out)))
    predicted = tiny_model().predict(["CCO", "bad", "CCN"])
    for row, (_, expected) in zip(rows, predicted.iterrows(), strict=True):
        for task in TASKS:
            missing = expected["status"] != "ok"
            assert row[task] == ("" if missing else f"{expected[task]:.6f}")


def test_json_summary_is_all_that_is_on_stdout(
    cli: Run, library: Path, model_folder: Path, tmp_path: Path
) -> None:
    done = cli(
        "screen",
        library,
        "-o",
        tmp_path / "out.csv",
        "--model",
        model_folder,
        "--json",
        "--show",
        2,
    )
    summary = json.loads(done.out)
    assert summary["rows"] == 3
    assert summary["statuses"] == {"ok": 2, "invalid_smiles": 1}
    assert summary["assays"] == 5
    assert summary["molecules_per_second"]["total"] > 0
    assert "furthest above the usual" in done.err


def test_json_summary_leaves_results_on_stdout_alone(
    cli: Run, library: Path, model_folder: Path
) -> None:
    done = cli("screen", library, "--model", model_folder, "--json")
    assert len(done.out.splitlines()) == 4
    assert json.loads(done.err)["output"] == "-"


def test_shown_hits_have_probability_share_and_fold(
    cli: Run, library: Path, model_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    done = cli("screen", library, "-o", out, "--model", model_folder, "--show", 3)
    lines = [line.split() for line in done.out.splitlines() if " PCBA-" in line]
    assert len(lines) == 2  # two molecules are ok, each in its most telling assay
    rows = {row["id"]: row for row in table(out)}
    for molecule, smiles, assay, probability, share, fold, _ in lines:
        assert rows[molecule]["smiles"] == smiles
        assert float(rows[molecule][assay]) == pytest.approx(float(probability), abs=6e-4)
        share_of = float(share.rstrip("%")) / 100
        expected = float(rows[molecule][assay]) / share_of
        assert float(fold.replace(",", "")) == pytest.approx(
            expected, rel=0.5 / share_of / 1e4 + 0.02
        )


def test_shown_hits_tell_what_the_assay_is_about(cli: Run, library: Path, tmp_path: Path) -> None:
    model = tiny_model()
    model.annotations = {task: {"target_class": "kinase", "disease_area": ""} for task in TASKS}
    folder = model.save(tmp_path / "model")
    done = cli("screen", library, "-o", tmp_path / "out.csv", "--model", folder, "--show", 2)
    assert len([line for line in done.out.splitlines() if " kinase " in line]) == 2


def test_a_narrow_terminal_names_the_assays_below(
    cli: Run, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model()
    model.annotations = {task: {"target_class": "kinase", "disease_area": ""} for task in TASKS}
    folder = model.save(tmp_path / "model")
    monkeypatch.setenv("COLUMNS", "42")
    done = cli("screen", library, "-o", tmp_path / "out.csv", "--model", folder, "--show", 3)
    head = next(line for line in done.out.splitlines() if "molecule" in line and "fold" in line)
    assert "about" not in head
    shown = {word for word in done.out.split() if word in TASKS}
    said = [line.strip() for line in done.out.splitlines() if line.strip().endswith(": kinase")]
    assert sorted(said) == sorted(f"{task}: kinase" for task in shown)


def test_assays_from_a_file(cli: Run, library: Path, model_folder: Path, tmp_path: Path) -> None:
    chosen = tmp_path / "assays.txt"
    chosen.write_text("PCBA-400\r\n\r\nPCBA-1\r\n")
    done = cli("screen", library, "--model", model_folder, "--assays", f"@{chosen}")
    assert done.out.splitlines()[0] == "row,id,smiles,status,in_training,PCBA-400,PCBA-1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--assays", "PCBA-4OO"], "did you mean 'PCBA-400'"),
        (["--assays", "@nowhere.txt"], "nowhere.txt"),
        (["--assays", "nope"], "`bioassay-mtl assays MODEL` lists all"),
        (["--top", "2", "--long"], "--top and --long exclude each other"),
        (["--device", "qpu"], "device 'qpu' cannot be used"),
        (["--format", "exel"], "unknown output format 'exel'"),
        (["--format", "parquet"], "parquet cannot go to standard output"),
        (["-o", "no_such_folder/out.csv"], "there is no folder 'no_such_folder'"),
        (["--model", "pcba12"], "'pcba12'"),
    ],
)
def test_faults_are_one_line_and_exit_code_2(
    cli: Run, library: Path, model_folder: Path, arguments: list[str], message: str
) -> None:
    done = cli("screen", library, "--model", model_folder, *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert message in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("kind", ["missing", "folder", "binary"])
def test_unusable_inputs(cli: Run, model_folder: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "input.smi"
    if kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(bytes(range(256)) * 20)
    before = names(tmp_path)
    done = cli("screen", path, "-o", tmp_path / "out.csv", "--model", model_folder)
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert "input.smi" in done.err
    assert done.err.count("\n") == 1
    assert names(tmp_path) == before


@pytest.mark.parametrize("missing", ["model.safetensors", "config.json", "metrics.json"])
def test_model_folder_that_is_not_whole(
    cli: Run, library: Path, tmp_path: Path, missing: str
) -> None:
    folder = tiny_model().save(tmp_path / "model")
    (folder / missing).unlink()
    done = cli("screen", library, "--model", folder)
    assert (done.code, done.out) == (2, "")
    assert missing in done.err
    assert done.err.count("\n") == 1


def test_existing_output_is_kept_unless_told(
    cli: Run, library: Path, model_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("mine")
    done = cli("screen", library, "-o", out, "--model", tmp_path / "not even a model")
    assert done.code == 2
    assert "exists already (--overwrite replaces it)" in done.err
    assert out.read_text() == "mine"
    assert cli("screen", library, "-o", out, "--model", model_folder, "--overwrite").code == 0
    assert len(out.read_text().splitlines()) == 4


@pytest.mark.parametrize(
    "stop",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.soak),
        pytest.param(signal.SIGHUP, marks=pytest.mark.soak),
        pytest.param(signal.SIGQUIT, marks=pytest.mark.soak),
    ],
)
def test_interrupted_leaves_nothing_behind(
    endless: Path, model_folder: Path, tmp_path: Path, stop: signal.Signals
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    places = (endless, "-o", folder / "out.csv", "--model", model_folder)
    command = [*COMMAND, "screen", *map(str, places)]
    with subprocess.Popen(
        [*command, "--workers", "2"], stderr=subprocess.PIPE, text=True
    ) as running:
        written = 0
        while written < 200_000:  # results are being written
            assert running.poll() is None
            time.sleep(0.02)
            written = size_of(folder)
        workers = children(running.pid)
        running.send_signal(stop)
        _, err = running.communicate(timeout=30)
    assert (running.returncode, err) == (128 + stop, "interrupted\n")
    assert names(folder) == []
    assert len(workers) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def size_of(folder: Path) -> int:
    """Bytes of a folder's files, of which another process may be taking some away."""
    total = 0
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def children(pid: int) -> list[int]:
    """Processes that a process has started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(status.parent.name))
    return found


def test_closed_pipe_ends_quietly(endless: Path, model_folder: Path) -> None:
    command = [*COMMAND, "screen", str(endless), "--model", str(model_folder), "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline().startswith(b"row,id,smiles,status,")
        running.stdout.close()
        err = running.stderr.read()
    assert (running.returncode, err) == (0, b"")


@pytest.mark.soak
def test_full_disk_is_one_clear_line(
    cli: Run, endless: Path, model_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        done = cli(
            "screen", endless, "-o", folder / "out.csv", "--model", model_folder, "--workers", 1
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert done.code == 2
    assert done.err == (
        f"error: {folder / 'out.csv'}: could not be written: File too large; no output is kept\n"
    )
    assert names(folder) == []


def test_hits_that_the_model_was_trained_on_are_marked_or_left_out(
    cli: Run, library: Path, tmp_path: Path
) -> None:
    model = tiny_model()
    known = [line.split()[0] for line in library.read_text().splitlines() if line]
    model.training_molecules = TrainingMolecules.of(known)
    folder = model.save(tmp_path / "model")
    arguments = ("screen", library, "-o", tmp_path / "out.csv", "--model", folder, "--show", 3)
    done = cli(*arguments)
    assert done.code == 0
    assert "trained on" in done.out
    assert "no news from this model" in done.out
    assert "the model was trained on" in done.err
    done = cli(*arguments, "--new-only", "--overwrite")
    assert "trained on" not in done.out
    done = cli(*arguments[:-2], "--new-only", "--overwrite")
    assert done.code == 2
    assert "--new-only is for --top, --show and --report" in done.err


def test_hardly_a_molecule_is_a_fault(cli: Run, model_folder: Path, tmp_path: Path) -> None:
    path, out = tmp_path / "lines.smi", tmp_path / "out.csv"
    path.write_text("".join(f"{'C' * n},m{n}\n" for n in range(1, 6)))
    arguments = ("screen", path, "-o", out, "--model", model_folder)
    done = cli(*arguments)
    assert done.code == 2
    assert "hardly a record is a molecule (invalid_smiles: 5)" in done.err
    assert "its lines look comma-separated: --delimiter comma reads them" in done.err
    assert len(out.read_text().splitlines()) == 6
    assert cli(*arguments, "--delimiter", "comma", "--overwrite").code == 0
    assert [line.split(",")[1] for line in out.read_text().splitlines()[1:]] == [
        f"m{n}" for n in range(1, 6)
    ]


def test_workers_of_a_long_file_start_first(
    library: Path, nci_smiles: list[str], monkeypatch: pytest.MonkeyPatch, cli: Run, tmp_path: Path
) -> None:
    started: list[tuple[int, float]] = []

    @contextmanager
    def noted(n: int, timeout: float) -> Iterator[None]:
        started.append((n, timeout))
        yield

    monkeypatch.setattr(ahead, "workers_ahead", noted)
    long = tmp_path / "long.smi"
    long.write_text("".join(f"{smiles}\n" for smiles in nci_smiles) * 10)
    for path in (library, long, tmp_path / "missing.smi"):
        options = ("--workers", 3, "--molecule-timeout", 7, "-o", tmp_path / "out.csv")
        assert cli("screen", path, *options, "--model", "no/such").code == 2
    assert started == [(3, 7.0)]


def test_workers_that_a_fault_makes_needless_end_with_it(endless: Path, process: Run) -> None:
    done = process("screen", endless, "--model", "no/such", "--workers", 2)
    # A worker that went on would hold standard error.
    assert (done.code, done.err.count("\n"), "no/such" in done.err) == (2, 1, True)


def test_no_worker_starts_with_a_time_limit_that_is_refused(endless: Path, process: Run) -> None:
    done = process("screen", endless, "--molecule-timeout", "inf", "--workers", 2)
    assert (done.code, done.err.count("\n"), "molecule_timeout" in done.err) == (2, 1, True)


def test_a_screen_begins_without_pytorch() -> None:
    """It loads beside the model, in the time in which records are read."""
    program = (
        "import sys, bioassay_mtl.cli.screen_report, bioassay_mtl.screening.pipeline\n"
        "import bioassay_mtl.models.loading\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
