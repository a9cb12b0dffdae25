"""Time and memory of wide, sparse panels: ten thousand assays of which few cells are measured.

    python -m benchmarks.many_assays [--quick] [--chembl FILE]

- `FILE`, a long table of values with qualifiers, is read, split and trained on as one panel (two
  epochs of a small network) by the command. Left out without a file.
- 1,000,000 molecules x 10,000 assays, 20 measured cells a molecule, random bits and outcomes: time
  does not depend on what is learnt. One epoch; with ``--quick`` 20,000 x 2,000.

One thread.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.running import watched
from benchmarks.harness.steps import BATCH
from benchmarks.harness.study import begin, report
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training import train

BITS = 1024
PER_ROW = 20
CHEMBL = (
    "fingerprints={morgan: {kind: morgan}}",
    "network={experts: [{inputs: [morgan], n: 2, width: 64}]}",
    "split.kind=random",
    "epochs=2",
    "patience=2",
)
SIMULATED: dict[str, Any] = {
    "fingerprints": {"bits": {"kind": "given", "n_bits": BITS}},
    "network": {
        "experts": [{"inputs": ["bits"], "n": 2, "width": 64}],
        "tower": {"kind": "per_expert"},
    },
    "batch_size": BATCH,
    "epochs": 1,
}


def run(asked: argparse.Namespace) -> None:
    if asked.chembl is not None:
        with tempfile.TemporaryDirectory() as folder:
            words = ["train", str(asked.chembl), "--out", f"{folder}/model"]
            took = watched([*words, *(w for each in CHEMBL for w in ("--set", each))], 1)
        report(asked.chembl.name, "time", took.seconds, "s")
        report(asked.chembl.name, "peak_memory", took.together / 1000, "GB", "< 3")
    panel, parts = simulated(*((20_000, 2_000) if asked.quick else (1_000_000, 10_000)))
    case = f"{len(panel):,} x {len(panel.tasks):,}, {panel.cells.n_cells:,} measured"
    ends: list[float] = []
    start = time.perf_counter()
    train(panel, SIMULATED, parts=parts, progress=lambda _: ends.append(time.perf_counter()))
    report(case, "epoch_time", ends[0] - start, "s")
    report(case, "time_with_metrics", time.perf_counter() - start, "s")
    report(case, "training_rate", len(parts.train) / (ends[0] - start), "rows/s")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    report(case, "peak_memory", most, "GB", "< 8")


def simulated(n_rows: int, n_tasks: int) -> tuple[Panel, Split]:
    """A panel that nobody could hold as an array; one row in a hundred to validate, one to test."""
    rng = np.random.default_rng(0)
    bits = rng.integers(256, size=(n_rows, BITS // 8), dtype=np.uint8)
    for _ in range(3):  # one bit in sixteen, as in fingerprints of drugs
        bits &= rng.integers(256, size=bits.shape, dtype=np.uint8)
    # Steps through the tasks from a random one on: no cell is drawn twice.
    step = n_tasks // PER_ROW
    task = rng.integers(n_tasks, size=(n_rows, 1)) + np.arange(PER_ROW) * step
    task = (task + rng.integers(step, size=task.shape)) % n_tasks
    row = np.repeat(np.arange(n_rows), PER_ROW)
    value = rng.random(len(row)) < 0.1
    cells = MeasuredCells.of(row, task.ravel(), value, shape=(n_rows, n_tasks))
    tasks = tuple(f"assay-{number}" for number in range(n_tasks))
    panel = Panel(None, {"bits": PackedBits(bits, BITS)}, cells, tasks, [""] * n_rows)
    order, held = rng.permutation(n_rows), n_rows // 100
    return panel, Split(order[2 * held :], order[:held], order[held : 2 * held], n_rows)


if __name__ == "__main__":
    chembl: dict[str, Any] = {"type": Path, "help": "a long table of values with qualifiers"}
    sys.exit(begin(__doc__, run, "a panel of 20,000 x 2,000", {"--chembl": chembl}))
