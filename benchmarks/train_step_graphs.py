"""Molecules per second of a training step of graph experts, against chemprop's D-MPNN.

    python -m benchmarks.train_step_graphs [--quick] [--chemprop PYTHON]

Equal width, depth, tasks, molecules and order of these; chemprop's own graphs are made beforehand,
too. Steps are timed in turn, round by round, on one thread; the median round counts, beside the
ratios of the best and the worst round. chemprop may be installed for another interpreter, which the
environment variable CHEMPROP_PYTHON may name as well.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from typing import Any

import torch

from benchmarks.harness import steps
from benchmarks.harness.molecules import nci_smiles
from benchmarks.harness.study import begin, report
from benchmarks.harness.timing import in_turn, report_ratios
from bioassay_mtl.training.config import TrainingConfig

BATCHES = (64, 256)  # 64 is chemprop's default
WIDTH, DEPTH = 300, 3
RIVAL = "chemprop D-MPNN"
FLOAT = "1 dmpnn expert, float32"
GRAPH = {"graph": {"kind": "graph", "codes": "chemprop"}}
CASES: dict[str, dict[str, Any]] = {
    "1 dmpnn expert": {"kind": "dmpnn", "n": 1},
    "1 gine expert with a virtual node": {"kind": "gine", "n": 1},
    "1 gatedgcn expert": {"kind": "gatedgcn", "n": 1},
}
SIZE = {"inputs": ["graph"], "width": WIDTH, "hidden": WIDTH, "depth": DEPTH, "dropout": 0.0}


def run(asked: argparse.Namespace) -> None:
    """Report the rate of every case at both sizes of a batch, and its ratio to chemprop's."""
    rounds, n_steps = (2, 2) if asked.quick else (9, 4)
    smiles, device = nci_smiles(), torch.device("cpu")
    data, sizes = steps.nci_data(device, GRAPH)
    in_order = [smiles[row] for row in steps.order_of_rows(len(smiles)).tolist()]
    for batch in BATCHES:
        cases, batches = dict[str, Callable[[], float]](), steps.whole_batches(data, batch)
        for name, group in CASES.items():
            network = {"experts": [SIZE | group]}
            config = TrainingConfig.of({"fingerprints": GRAPH, "network": network})
            step = steps.step_of(steps.module_of(config, data, sizes), batches)
            for precision in ("float32", "bfloat16"):
                cases[f"{name}, {precision}"] = steps.timed(step, device, n_steps, precision)
        with chemprop(asked.chemprop, in_order, batch, n_steps) as rival:
            cases = ({RIVAL: rival} if rival else {}) | cases
            in_turn(cases, 1)  # warms up
            seconds = in_turn(cases, rounds)
        for name, times in seconds.items():
            title = f"graphs, batch {batch}, {name}"
            report(title, "training_rate", batch / statistics.median(times), "molecules/s")
            if RIVAL in seconds and name != RIVAL:
                target = ">= 2" if name == FLOAT else None
                metric = "rate_ratio_to_chemprop"
                report_ratios(title, metric, seconds[RIVAL], times, target=target)


@contextmanager
def chemprop(
    python: str, smiles: Sequence[str], batch: int, n_steps: int
) -> Iterator[Callable[[], float] | None]:
    """Steps of chemprop in a process of its own, or None where it is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "molecules.smi"
        file.write_text("\n".join(smiles))
        program = str(Path(__file__).with_name("train_step_chemprop.py"))
        command = [python, program, str(file), *map(str, (steps.N_TASKS, batch, WIDTH, DEPTH))]
        with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
            lines, answers = process.stdin, process.stdout
            assert lines is not None
            assert answers is not None
            if answers.readline().strip() != "ready":
                print(f"chemprop is left out: {python} cannot run it", file=sys.stderr)
                yield None
                return

            def measured() -> float:
                print(n_steps, file=lines, flush=True)
                return float(answers.readline())

            yield measured
            lines.close()


if __name__ == "__main__":
    usual = os.environ.get("CHEMPROP_PYTHON", sys.executable)
    option = {"--chemprop": {"default": usual, "help": "interpreter that has chemprop"}}
    sys.exit(begin(__doc__, run, "two rounds of two steps", option))
