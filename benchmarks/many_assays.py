"""Time and memory of wide, sparse panels: ten thousand assays of which few cells are measured.

    python -m benchmarks.many_assays [--quick] [--chembl FILE] [--case NAME]

- ``chembl``: `FILE`, a long table of values with qualifiers, is read, split and trained on as one
  panel (two epochs of a small network), by the public calls. Left out without a file.
- ``simulated``: 1,000,000 molecules x 10,000 assays, 20 measured cells a molecule, random bits;
  one epoch with its validation and metrics. With ``--quick`` 20,000 x 2,000.
- ``dense``: a step at 128 assays of which 60 % are measured, by arrays of all cells and by measured
  cells alone, in turn; and at 1,024 assays from which share on the former is quicker.

Each of the first two has a process of its own, whose peak memory is that of the whole case. One
thread. Labels are random: time does not depend on what is learnt.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.harness.steps import BATCH, Step, module_of, random_labels, step_of
from benchmarks.harness.study import parser, report
from benchmarks.harness.timing import in_turn, seconds_of
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training import train
from bioassay_mtl.training.batches import ResidentData
from bioassay_mtl.training.config import TrainingConfig

BITS = 1024
PER_ROW = 20
SMALL = {"n": 2, "width": 64}
CASES = ("chembl", "simulated", "dense")


def main() -> int:
    """Run the cases."""
    options = parser(__doc__, "a panel of 20,000 x 2,000")
    options.add_argument("--chembl", type=Path, help="a long table of values with qualifiers")
    options.add_argument("--case", choices=CASES, help="this one alone, in this process")
    given = options.parse_args()
    torch.set_num_threads(1)
    if given.case is None:
        commands = [[sys.executable, "-m", __spec__.name, "--case", name] for name in CASES]
        return max(subprocess.run([*each, *sys.argv[1:]]).returncode for each in commands)
    if given.case == "chembl":
        chembl(given.chembl)
    elif given.case == "simulated":
        simulated(*((20_000, 2_000) if given.quick else (1_000_000, 10_000)))
    else:
        dense(rounds=3 if given.quick else 9)
    return 0


def chembl(file: Path | None) -> None:
    """All of a long table as one panel."""
    if file is None or not file.is_file():
        print("chembl is left out: no --chembl FILE, or it is not there", file=sys.stderr)
        return
    start = time.perf_counter()
    panel = Panel.read(file)
    case = f"{file.name}: {len(panel):,} x {len(panel.tasks):,}, {panel.cells.n_cells:,} measured"
    report(case, "reading_time", time.perf_counter() - start, "s")
    report(case, "peak_memory_read", peak(), "GB")
    start = time.perf_counter()
    network = {"experts": [{"inputs": ["morgan"], **SMALL}]}
    inputs = {"fingerprints": {"morgan": {"kind": "morgan"}}, "network": network}
    train(panel, {**inputs, "split": {"kind": "random"}, "epochs": 2, "patience": 2})
    report(case, "training_time", time.perf_counter() - start, "s")
    report(case, "peak_memory", peak(), "GB", "< 3")


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
    """A small network, one epoch."""
    tower = {"kind": "per_expert"}
    network = {"experts": [{"inputs": ["bits"], **SMALL}], "tower": tower}
    inputs = {"bits": {"kind": "given", "n_bits": BITS}}
    steps = {"epochs": 1, "patience": 1, "batch_size": BATCH}
    return TrainingConfig.of({"fingerprints": inputs, "network": network, **steps})


def dense(rounds: int) -> None:
    """Steps by arrays and by cells, in turn."""
    for n_tasks, share in ((128, 0.6), (1024, 0.05), (1024, 0.02), (1024, 0.01), (1024, 0.005)):
        case = f"step of {BATCH} x {n_tasks}, {share:.1%} measured"
        steps = {sparse: a_step(n_tasks, share, sparse) for sparse in (False, True)}
        turns = {str(sparse): partial(seconds_of, step) for sparse, step in steps.items()}
        found = in_turn(turns, rounds + 1)
        whole, alone = (1000 * statistics.median(found[each][1:]) for each in ("False", "True"))
        report(case, "step_time_arrays", whole, "ms")
        report(case, "step_time_cells_alone", alone, "ms")
        report(case, "ratio_cells_to_arrays", alone / whole, "1")
        report(case, "training_rate", 1000 * BATCH / min(whole, alone), "rows/s")


def a_step(n_tasks: int, share: float, sparse: bool) -> Step:
    """Takes a step of the package's own training module."""
    labels = random_labels(2 * BATCH, n_tasks, share, 0.1)
    blocks = {"bits": PackedBits(random_bits(np.random.default_rng(0), len(labels)), BITS)}
    data = ResidentData(blocks, labels, torch.device("cpu"), sparse=sparse)
    module = module_of(settings(), data, {"bits": BITS})
    return step_of(module, torch.randperm(len(labels)).split(BATCH))


def peak() -> float:
    """GB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    sys.exit(main())
