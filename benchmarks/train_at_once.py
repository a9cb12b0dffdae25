"""How long ``train`` takes a panel of one assay, with experts in sequence and several at a time.

Each way trains once a round, in turn: in three rounds where nothing else runs, in one beside two
programs that compute. Threads that wait awake are what PyTorch has by itself (``GOMP_SPINCOUNT``).
All ways must give the same weights, to the byte.

    python -m benchmarks.train_at_once [--quick]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd

from benchmarks.harness.molecules import nci_smiles
from benchmarks.harness.study import begin, report
from benchmarks.harness.timing import COMMAND, in_turn, seconds_of

ROWS, FEW, ROUNDS = 1_250, 150, 3
OTHERS = 2
AWAKE = {"GOMP_SPINCOUNT": "300000"}
"""What GCC's OpenMP does where nothing is said."""
WAYS: dict[str, tuple[list[str], dict[str, str]]] = {
    "in sequence, threads awake": (["--jobs", "1"], AWAKE),
    "in sequence": (["--jobs", "1"], {}),
    "at a time": ([], {}),
}
QUICK = ["--set", "epochs=2"]


def panel(path: Path, rows: int) -> Path:
    """Molecules that come with RDKit, and whether they have an aromatic nitrogen."""
    smiles = nci_smiles()[:rows]
    outcomes = [int("n" in text) for text in smiles]
    pd.DataFrame({"smiles": smiles, "assay": outcomes}).to_csv(path, index=False)
    return path


@contextmanager
def beside(n: int) -> Iterator[None]:
    """So many programs that compute, until the block ends."""
    code = "while True: sum(range(1000))"
    others = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(n)]
    try:
        yield
    finally:
        for each in others:
            each.kill()
            each.wait()


def trained(path: Path, weights: set[bytes], options: list[str], env: dict[str, str]) -> float:
    """Seconds of a training, whose weights are added."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model"
        command = [*COMMAND, "train", str(path), "--out", str(out), *options]
        own = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
        run = partial(subprocess.run, command, check=True, stderr=subprocess.PIPE, env=own | env)
        seconds = seconds_of(run)
        weights.add((out / "model.safetensors").read_bytes())
    return seconds


def run(asked: argparse.Namespace) -> int:
    rows = FEW if asked.quick else ROWS
    n_cores, weights = len(os.sched_getaffinity(0)), set[bytes]()
    with tempfile.TemporaryDirectory() as folder:
        path = panel(Path(folder) / "panel.csv", rows)
        for n in (0, OTHERS)[: 1 if asked.quick else None]:
            cases = {
                name: partial(trained, path, weights, options + QUICK * asked.quick, env)
                for name, (options, env) in WAYS.items()
            }
            with beside(n):
                found = in_turn(cases, 1 if n or asked.quick else ROUNDS)
            for name, seconds in found.items():
                case = f"{rows} rows, {n_cores} cores, {n} other programs, {name}"
                report(case, "train", statistics.median(seconds), "s")
    report(f"{rows} rows", "different weights", len(weights), "1", "<= 1")
    return 0 if len(weights) == 1 else 1


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, "150 rows, 2 epochs, no other programs"))
