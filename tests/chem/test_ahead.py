"""Workers that start ahead: taken where they fit, and gone when nobody needs them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import bioassay_mtl
from bioassay_mtl.chem.ahead import started_ahead, workers_ahead
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import MorganFingerprint
from bioassay_mtl.chem.parallel import featurize
from tests.chem.test_parallel import assert_equal, started
from tests.processes import is_alive

__all__ = ["started"]

ROOT = Path(bioassay_mtl.__file__).resolve().parent.parent
SMILES = ["CCO", "not a molecule", "c1ccccc1"] * 700


def test_a_pool_takes_them_and_those_left_end(started: list[subprocess.Popen[bytes]]) -> None:
    featurizer = Featurizer({"morgan": MorganFingerprint()})
    with workers_ahead(3, 5.0):
        assert len(started) == 3
        found = featurize(SMILES, featurizer, workers=2)
        assert len(started) == 3
        assert sum(process.poll() is None for process in started) == 1
        again = featurize(SMILES, featurizer, workers=2)  # one of them, and another
        assert len(started) == 4
    assert all(process.poll() is not None for process in started)
    assert_equal(found, featurizer(SMILES))
    assert_equal(again, found)
    assert started_ahead(5.0) is None


def test_a_worker_fits_the_process_and_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    with workers_ahead(1, 5.0):
        assert started_ahead(6.0) is None
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: -1)
            assert started_ahead(5.0) is None
        worker = started_ahead(5.0)
        assert worker is not None
        assert started_ahead(5.0) is None
    assert worker.process.poll() is None  # it is of whoever took it
    worker.close()


def test_they_are_as_many_as_the_system_allows(
    started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bioassay_mtl.chem import supervised

    start = supervised._start

    def limited(board: int, timeout: float) -> subprocess.Popen[bytes]:
        if len(started) == 2:
            raise BlockingIOError("no more processes")
        return start(board, timeout)

    monkeypatch.setattr(supervised, "_start", limited)
    with workers_ahead(5, 5.0):
        assert len(started) == 2
    assert all(process.poll() is not None for process in started)


PARENT = """
import time
from bioassay_mtl.chem import ahead
with ahead.workers_ahead(2, 5.0):
    print(*(worker.process.pid for _, worker in ahead._waiting), flush=True)
    time.sleep(60)
"""


def test_none_outlives_a_killed_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
        _, error = parent.communicate(timeout=30)  # the workers hold the other end of it
    assert (len(workers), error) == (2, "")
    end = time.monotonic() + 10  # files are closed a moment before a process is gone
    while any(map(is_alive, workers)) and time.monotonic() < end:
        time.sleep(0.01)
    assert not any(map(is_alive, workers))
