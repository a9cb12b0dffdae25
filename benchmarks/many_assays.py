"""Time and memory of wide, sparse panels: ten thousand assays of which few cells are measured.

    python -m benchmarks.many_assays [--quick] [--chembl FILE]

- `FILE`, a long table of values with qualifiers, is read, split and trained on as one panel (two
  epochs of a small network) by the command. Left out without a file.
- 1,000,000 molecules x 10,000 assays, 20 measured cells a molecule, random bits; one epoch with its
  validation and metrics. With ``--quick`` 20,000 x 2,000.
- A step at 128 assays of which 60 % are measured, by arrays of all cells and by measured cells
  alone, in turn; and at 1,024 assays from which share on the former is quicker.

One thread. Labels are random: time does not depend on what is learnt.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.harness.running import watched
from benchmarks.harness.steps import BATCH, module_of, random_labels, step_of, timed
from benchmarks.harness.study import begin, report
from benchmarks.harness.timing import in_turn
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training import train
from bioassay_mtl.training.batches import ResidentData
from bioassay_mtl.training.config import TrainingConfig

BITS = 1024
PER_ROW = 20
CHEMBL = (
    "fingerprints={morgan: {kind: morgan}}",
    "network={experts: [{inputs: [morgan], n: 2, width: 64}]}",
    "split.kind=random",
    "epochs=2",
    "patience=2",
)
"""Settings."""
DENSE = ((128, 0.6), (1024, 0.05), (1024, 0.02), (1024, 0.01), (1024, 0.005))
"""Assays, and shares of measured cells."""


def run(asked: argparse.Namespace) -> None:
    if asked.chembl is not None:
        with tempfile.TemporaryDirectory() as folder:
            words = ["train", str(asked.chembl), "--out", f"{folder}/model"]
            took = watched([*words, *(w for each in CHEMBL for w in ("--set", each))], 1)
        report(asked.chembl.name, "time", took.seconds, "s")
        report(asked.chembl.name, "peak_memory", took.together / 1000, "GB", "< 3")
    simulated(*((20_000, 2_000) if asked.quick else (1_000_000, 10_000)))
    dense(4 if asked.quick else 10)


def simulated(n_rows: int, n_tasks: int) -> None:
    """One epoch of a panel that nobody could hold as an array."""
    panel, parts = simulated_panel(n_rows, n_tasks)
    case = f"{n_rows:,} x {n_tasks:,}, {panel.cells.n_cells:,} measured"
    report(case, "peak_memory_panel", peak(), "GB")
    ends: list[float] = []
    start = time.perf_counter()
    train(panel, settings(), parts=parts, progress=lambda _: ends.append(time.perf_counter()))
    report(case, "epoch_time", ends[0] - start, "s")
    report(case, "time_with_metrics", time.perf_counter() - start, "s")
    report(case, "training_rate", len(parts.train) / (ends[0] - start), "rows/s")
    report(case, "peak_memory", peak(), "GB", "< 8")


def simulated_panel(n_rows: int, n_tasks: int) -> tuple[Panel, Split]:
    """Random bits and outcomes; one row in a hundred to validate, and one to test."""
    rng = np.random.default_rng(0)
    bits = PackedBits(random_bits(rng, n_rows), BITS)
    row = np.repeat(np.arange(n_rows), PER_ROW)
    # Steps through the tasks from a random one on: no cell is drawn twice.
    step = n_tasks // PER_ROW
    first = rng.integers(n_tasks, size=n_rows)[:, None]
    task = (
        first + np.arange(PER_ROW) * step + rng.integers(step, size=(n_rows, PER_ROW))
    ) % n_tasks
    value = rng.random(len(row)) < 0.1
    cells = MeasuredCells.of(row, task.ravel(), value, shape=(n_rows, n_tasks))
    tasks = tuple(f"assay-{number}" for number in range(n_tasks))
    panel = Panel(None, {"bits": bits}, cells, tasks, [""] * n_rows)
    order, held = rng.permutation(n_rows), n_rows // 100
    parts = Split(order[2 * held :], order[:held], order[held : 2 * held], n_rows)
    return panel, parts


def random_bits(rng: np.random.Generator, n_rows: int) -> Any:
    """One bit in sixteen, as in fingerprints of drugs."""
    shape = (n_rows, BITS // 8)
    bits = rng.integers(256, size=shape, dtype=np.uint8)
    for _ in range(3):
        bits &= rng.integers(256, size=shape, dtype=np.uint8)
    return bits


def settings() -> TrainingConfig:
    tower = {"kind": "per_expert"}
    network = {"experts": [{"inputs": ["bits"], "n": 2, "width": 64}], "tower": tower}
    inputs = {"bits": {"kind": "given", "n_bits": BITS}}
    steps = {"epochs": 1, "patience": 1, "batch_size": BATCH}
    return TrainingConfig.of({"fingerprints": inputs, "network": network, **steps})


def dense(rounds: int) -> None:
    """Steps by arrays and by cells, in turn."""
    cpu = torch.device("cpu")
    for n_tasks, share in DENSE:
        case, turns = f"step of {BATCH} x {n_tasks}, {share:.1%} measured", {}
        labels = random_labels(2 * BATCH, n_tasks, share, 0.1)
        blocks = {"bits": PackedBits(random_bits(np.random.default_rng(0), len(labels)), BITS)}
        for name, sparse in (("arrays", False), ("cells_alone", True)):
            data = ResidentData(blocks, labels, cpu, sparse=sparse)
            module = module_of(settings(), data, {"bits": BITS})
            turns[name] = timed(step_of(module, torch.randperm(len(labels)).split(BATCH)), cpu)
        found = in_turn(turns, rounds)
        times = {name: 1000 * statistics.median(each[1:]) for name, each in found.items()}
        for name, milliseconds in times.items():
            report(case, f"step_time_{name}", milliseconds, "ms")
        report(case, "ratio_cells_to_arrays", times["cells_alone"] / times["arrays"], "1")
        report(case, "training_rate", 1000 * BATCH / min(times.values()), "rows/s")


def peak() -> float:
    """GB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    chembl: dict[str, Any] = {"type": Path, "help": "a long table of values with qualifiers"}
    sys.exit(begin(__doc__, run, "a panel of 20,000 x 2,000", {"--chembl": chembl}))
