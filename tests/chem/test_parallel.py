"""Worker processes: same answers, same order, bounded, and never a hang."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

import bioassay_mtl
from bioassay_mtl.chem import parallel, supervised
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint
from bioassay_mtl.chem.molecule import Notation
from bioassay_mtl.chem.parallel import featurize, featurize_batches
from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import WorkerError

ROOT = Path(bioassay_mtl.__file__).resolve().parent.parent


@dataclass(frozen=True)
class Batch:
    structures: list[str]
    notation: Notation = "smiles"
    problems: dict[int, Status] = field(default_factory=dict)
    n_bytes: int = 0


@pytest.fixture
def featurizer() -> Featurizer:
    return Featurizer({"bits": MorganFingerprint(), "counts": MorganFingerprint(counts=True)})


def assert_equal(found: Features, expected: Features) -> None:
    np.testing.assert_array_equal(found.status, expected.status)
    for name, block in expected.blocks.items():
        np.testing.assert_array_equal(found.blocks[name].dense(), block.dense())


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The worker processes that a test starts."""
    processes: list[subprocess.Popen[bytes]] = []
    start = supervised._start

    def recorded(board: int, timeout: float) -> subprocess.Popen[bytes]:
        processes.append(start(board, timeout))
        return processes[-1]

    monkeypatch.setattr(supervised, "_start", recorded)
    return processes


def test_workers_agree_with_one_process(
    featurizer: Featurizer, nci_smiles: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "BATCH_SIZE", 50)
    smiles = [*nci_smiles[:300], "", "not a molecule", *nci_smiles[:30]]
    expected = featurizer(smiles)
    assert_equal(featurize(smiles, featurizer), expected)
    assert_equal(featurize(smiles, featurizer, workers=2), expected)
    assert len(featurize([], featurizer, workers=2)) == 0


@pytest.mark.parametrize(("n", "workers", "begun"), [(1, 2, 1), (4, 0, 2), (4, 2, 4), (20, 2, 7)])
def test_what_goes_on_meanwhile_begins_when_workers_have_enough(
    featurizer: Featurizer, n: int, workers: int, begun: int
) -> None:
    read: list[int] = []
    seen: list[int] = []

    def batches() -> Iterator[Batch]:
        for number in range(n):
            read.append(number)
            yield Batch(["CCO"])

    found = featurize_batches(
        batches(), featurizer, workers, meanwhile=lambda: seen.append(len(read))
    )
    assert len([*found]) == n
    assert seen == [begun]


def test_order_is_kept_where_batches_take_unlike_time(featurizer: Featurizer) -> None:
    sizes = [400, 1, 1, 200, 1, 30, 1, 1, 1, 300, 1, 1]
    batches = [Batch(["CC(=O)Oc1ccccc1C(=O)O" + "C" * i] * n) for i, n in enumerate(sizes)]
    batches.append(Batch(["CCO", "CCO"], problems={1: Status.MALFORMED_ROW}))
    batches.append(Batch([]))
    results = list(featurize_batches(batches, featurizer, workers=2))
    assert all(batch is sent for (batch, _), sent in zip(results, batches, strict=True))
    for batch, features in results:
        assert_equal(features, featurizer(batch.structures, problems=batch.problems))


def test_reading_stays_a_few_batches_ahead(featurizer: Featurizer) -> None:
    drawn = 0

    def endless() -> Iterator[Batch]:
        nonlocal drawn
        while True:
            drawn += 1
            yield Batch(["CCO"])

    results = featurize_batches(endless(), featurizer, workers=2)
    for taken in range(1, 30):
        next(results)
        assert drawn <= taken + 8
    results.close()


def test_batches_that_wait_are_few_where_they_are_large(featurizer: Featurizer) -> None:
    drawn = 0

    def endless() -> Iterator[Batch]:
        nonlocal drawn
        while True:
            drawn += 1
            yield Batch(["CCO"], n_bytes=parallel.WAITING_BYTES // 2)

    results = featurize_batches(endless(), featurizer, workers=2)
    for taken in range(1, 10):
        next(results)
        assert drawn <= taken + 3
    results.close()


def test_closing_ends_the_workers(
    featurizer: Featurizer, started: list[subprocess.Popen[bytes]]
) -> None:
    results = featurize_batches((Batch(["CCO"]) for _ in range(100)), featurizer, workers=2)
    next(results)
    assert None in [process.poll() for process in started]
    threads = threading.active_count()
    results.close()
    assert all(process.poll() is not None for process in started)
    assert threading.active_count() == threads - 3  # one for each worker, and one that watches


def test_one_batch_starts_no_worker(
    featurizer: Featurizer, started: list[subprocess.Popen[bytes]]
) -> None:
    assert len(list(featurize_batches([Batch(["CCO"])], featurizer, workers=2))) == 1
    assert started == []


@pytest.mark.parametrize("how_many", [pytest.param(1, marks=pytest.mark.soak), 2])
def test_killed_workers_are_replaced(
    featurizer: Featurizer, started: list[subprocess.Popen[bytes]], how_many: int
) -> None:
    batches = [Batch(["CCO", f"C{'C' * n}"]) for n in range(200)]
    results = featurize_batches(batches, featurizer, workers=2)
    found = [next(results)]
    for process in started[:how_many]:
        process.kill()
    found += results
    assert len(started) >= how_many + 1
    for (batch, features), sent in zip(found, batches, strict=True):
        assert batch is sent
        assert_equal(features, featurizer(sent.structures))


def test_a_worker_that_cannot_start_is_an_error(
    featurizer: Featurizer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(WorkerError, match="ended with code 1"):
        list(featurize_batches([Batch(["CCO"])] * 3, featurizer, workers=2))


def test_a_bug_in_a_worker_shows_its_trace(featurizer: Featurizer) -> None:
    batches = [Batch(["CCO"]), Batch(["CCO"], notation="inchi")]  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="KeyError: 'inchi'"):
        list(featurize_batches(batches, featurizer, workers=2))


SCRIPT = """
import sys
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint
from bioassay_mtl.chem.parallel import featurize
features = featurize(["CCO"] * 3000, Featurizer({"morgan": MorganFingerprint()}), workers=2)
print(len(features), "torch" in sys.modules)
"""


@pytest.mark.parametrize("way", ["file", pytest.param("stdin", marks=pytest.mark.soak)])
def test_scripts_need_no_main_guard(way: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    # Names that would shadow the standard library, were the current folder on the path.
    (tmp_path / "pickle.py").write_text("raise SystemExit('shadowed')")
    script_folder = tmp_path / "elsewhere"
    script_folder.mkdir()
    script = script.rename(script_folder / "script.py")
    done = subprocess.run(
        [sys.executable, str(script)] if way == "file" else [sys.executable, "-"],
        input=SCRIPT if way == "stdin" else None,
        cwd=tmp_path if way == "file" else script_folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("3000 False\n", "")


INTERRUPTED = """
from itertools import repeat
from types import SimpleNamespace
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint
from bioassay_mtl.chem.parallel import featurize_batches
batch = SimpleNamespace(structures=["CC(=O)Oc1ccccc1C(=O)O"] * 500, notation="smiles", problems={})
batch.n_bytes = 0
featurizer = Featurizer({"morgan": MorganFingerprint()})
try:
    for _ in featurize_batches(repeat(batch), featurizer, workers=2):
        print("one", flush=True)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
def test_interrupt_is_quiet() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "one\n"
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert out.endswith("interrupted\n")
    assert err == ""


def test_workers_end_with_a_killed_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "one\n"
        process.kill()
        # The workers hold the other end of stderr: it closes when they are gone.
        _, err = process.communicate(timeout=30)
    assert err == ""
