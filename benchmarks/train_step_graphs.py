"""Molecules per second of a training step of graph experts, against chemprop's D-MPNN.

Equal width, depth, tasks, molecules and batches; chemprop's own graphs are made beforehand, too.
Steps are timed in turn, round by round, on one thread; the median round counts.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from benchmarks.report import report
from benchmarks.train_step import N_TASKS, nci_smiles, ours, resident_data
from bioassay_mtl.training.config import TrainingConfig

BATCH = 64  # chemprop's default
WIDTH = 300
DEPTH = 3
RIVAL = "chemprop D-MPNN"
CASES: dict[str, dict[str, Any]] = {
    "1 dmpnn expert": {"kind": "dmpnn", "n": 1},
    "4 dmpnn experts that share all layers but the last": {"kind": "dmpnn", "n": 4},
    "4 dmpnn experts that share nothing": {"kind": "dmpnn", "n": 4, "shared_depth": 0},
    "1 gine expert with a virtual node": {"kind": "gine", "n": 1},
    "1 gatedgcn expert": {"kind": "gatedgcn", "n": 1},
}
Timed = Callable[[int], float]


def compare_graph_experts(python: str, rounds: int, steps: int) -> None:
    """Report the rate of every case, and its ratio to chemprop's.

    Parameters
    ----------
    python
        Interpreter that chemprop is installed for; without chemprop its case is left out.
    rounds, steps
        Of every case, and steps of a round.
    """
    cases = {
        f"{name}, {precision}": case(group, precision)
        for name, group in CASES.items()
        for precision in ("float32", "bfloat16")
    }
    with chemprop(python) as rival:
        if rival is not None:
            cases = {RIVAL: rival, **cases}
        seconds: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(rounds):
            for name, timed in cases.items():
                seconds[name].append(timed(steps))
    for name, times in seconds.items():
        report(f"graphs, {name}", "training_rate", BATCH / statistics.median(times), "molecules/s")
        if RIVAL in seconds and name != RIVAL:
            pairs = zip(seconds[RIVAL], times, strict=True)
            ratio = statistics.median(theirs / mine for theirs, mine in pairs)
            target = ">= 2" if name == "1 dmpnn expert, float32" else None
            report(f"graphs, {name}", "rate_ratio_to_chemprop", ratio, "1", target)


def case(group: dict[str, Any], precision: str) -> Timed:
    """Steps of our experts."""
    prints = {"graph": {"kind": "graph", "codes": "chemprop"}}
    size = {"inputs": ["graph"], "width": WIDTH, "hidden": WIDTH, "depth": DEPTH, "dropout": 0.0}
    config = TrainingConfig.of({"fingerprints": prints, "network": {"experts": [size | group]}})
    data, sizes = resident_data(torch.device("cpu"), prints)
    step = ours(config, data, sizes, BATCH)
    counter = iter(range(10**9))

    def timed(n_steps: int) -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            start = time.perf_counter()
            for _ in range(n_steps):
                step(next(counter))
        return (time.perf_counter() - start) / n_steps

    timed(1)
    return timed


@contextmanager
def chemprop(python: str) -> Iterator[Timed | None]:
    """Steps of chemprop in a process of its own, or None where it is not installed."""
    program = Path(__file__).with_name("train_step_chemprop.py")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "molecules.smi"
        file.write_text("\n".join(nci_smiles()))
        numbers = map(str, (N_TASKS, BATCH, WIDTH, DEPTH))
        pipe = subprocess.PIPE
        with subprocess.Popen(
            [python, str(program), str(file), *numbers], stdin=pipe, stdout=pipe, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            if process.stdout.readline().strip() != "ready":
                print(f"chemprop is left out: {python} cannot run it", file=sys.stderr)
                yield None
                return
            lines, answers = process.stdin, process.stdout

            def timed(n_steps: int) -> float:
                print(n_steps, file=lines, flush=True)
                return float(answers.readline())

            yield timed
            lines.close()
