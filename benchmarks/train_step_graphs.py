"""Molecules per second of a training step of graph experts, against chemprop's D-MPNN.

    python -m benchmarks.train_step_graphs [--quick] [--chemprop PYTHON]

Equal width, depth, tasks, molecules and order of these; chemprop's own graphs are made beforehand,
too. Steps are timed in turn, round by round, on one thread; the median round counts, beside the
ratios of the best and the worst round. chemprop may be installed for another interpreter, which the
environment variable CHEMPROP_PYTHON may name as well.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from benchmarks.harness.molecules import nci_smiles
from benchmarks.harness.steps import (
    N_TASKS,
    module_of,
    nci_data,
    order_of_rows,
    step_of,
    whole_batches,
)
from benchmarks.harness.study import parser, report
from benchmarks.harness.timing import in_turn, report_ratios
from benchmarks.train_step import seconds_of_steps
from bioassay_mtl.training.config import TrainingConfig

BATCHES = (64, 256)  # 64 is chemprop's default
WIDTH = 300
DEPTH = 3
RIVAL = "chemprop D-MPNN"
FLOAT = "1 dmpnn expert, float32"
GRAPH = {"graph": {"kind": "graph", "codes": "chemprop"}}
CASES: dict[str, dict[str, Any]] = {
    "1 dmpnn expert": {"kind": "dmpnn", "n": 1},
    "4 dmpnn experts that share all layers but the last": {"kind": "dmpnn", "n": 4},
    "4 dmpnn experts that share nothing": {"kind": "dmpnn", "n": 4, "shared_depth": 0},
    "1 gine expert with a virtual node": {"kind": "gine", "n": 1},
    "1 gatedgcn expert": {"kind": "gatedgcn", "n": 1},
}
Timed = Callable[[], float]


def main() -> None:
    """Time every case at both sizes of a batch."""
    options = parser(__doc__, "two rounds of two steps")
    usual = os.environ.get("CHEMPROP_PYTHON", sys.executable)
    options.add_argument("--chemprop", default=usual, help="interpreter that has chemprop")
    asked = options.parse_args()
    torch.set_num_threads(1)
    for batch in BATCHES:
        rounds, steps = (2, 2) if asked.quick else (9, 4)
        compare(asked.chemprop, batch, rounds, steps)


def compare(python: str, batch: int, rounds: int, steps: int) -> None:
    """Report the rate of every case, and its ratio to chemprop's.

    ``python`` is an interpreter that has chemprop; without it its case is left out.
    """
    smiles = nci_smiles()
    data, sizes = nci_data(torch.device("cpu"), GRAPH)
    batches = whole_batches(data, batch)
    cases = {
        f"{name}, {precision}": seconds_of_steps(
            step_of(module_of(graph_config(group), data, sizes), batches),
            data.device,
            precision,
            steps,
        )
        for name, group in CASES.items()
        for precision in ("float32", "bfloat16")
    }
    in_order = [smiles[row] for row in order_of_rows(len(smiles)).tolist()]
    with chemprop(python, in_order, batch, steps) as rival:
        seconds = in_turn(({RIVAL: rival} if rival else {}) | cases, rounds)
    for name, times in seconds.items():
        title = f"graphs, batch {batch}, {name}"
        report(title, "training_rate", batch / statistics.median(times), "molecules/s")
        if RIVAL in seconds and name != RIVAL:
            target = ">= 2" if name == FLOAT else None
            metric = "rate_ratio_to_chemprop"
            report_ratios(title, metric, seconds[RIVAL], times, target=target)


def graph_config(group: dict[str, Any]) -> TrainingConfig:
    """Of one group of experts."""
    size = {"inputs": ["graph"], "width": WIDTH, "hidden": WIDTH, "depth": DEPTH, "dropout": 0.0}
    return TrainingConfig.of({"fingerprints": GRAPH, "network": {"experts": [size | group]}})


@contextmanager
def chemprop(python: str, smiles: Sequence[str], batch: int, steps: int) -> Iterator[Timed | None]:
    """Steps of chemprop in a process of its own, or None where it is not installed."""
    program = Path(__file__).with_name("train_step_chemprop.py")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "molecules.smi"
        file.write_text("\n".join(smiles))
        numbers = map(str, (N_TASKS, batch, WIDTH, DEPTH))
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

            def timed() -> float:
                print(steps, file=lines, flush=True)
                return float(answers.readline())

            yield timed
            lines.close()


if __name__ == "__main__":
    main()
