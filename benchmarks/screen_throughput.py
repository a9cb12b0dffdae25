"""Molecules per second and memory of ``bioassay-mtl screen``, beside RDKit alone.

RDKit alone means: the same number of processes, each of which does nothing but parse its share of
the same SMILES and compute the fingerprints that the model reads, or one of Morgan's 1,024 bits.
All are timed in turn, round by round, and the ratio is taken within each round. On a machine that
other work shares, trust the ratio of processor seconds, not that of the clock.

    python -m benchmarks.screen_throughput [--model FOLDER] [--workers N] [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.harness import bare
from benchmarks.harness.molecules import real_smiles
from benchmarks.harness.running import library, screened
from benchmarks.harness.study import begin, report
from benchmarks.harness.timing import children_seconds
from bioassay_mtl.models.shipped import DEFAULT, find_model

RATIOS = {"ratio": "wall", "ratio_processor": "processor"}
MORGAN = {"morgan": {"kind": "morgan", "radius": 2, "n_bits": 1024, "counts": False}}
OPTIONS: dict[str, dict[str, Any]] = {
    "--model": {"default": DEFAULT, "help": "shipped model or model folder"},
    "--workers": {"type": int, "default": len(os.sched_getaffinity(0))},
    "--device": {"default": "cpu", "help": "where the network runs"},
    "--rows": {"type": int, "default": 60_000},
    "--rounds": {"type": int, "default": 3},
}


class Run(NamedTuple):
    """Seconds of one timed run: by the clock, and of processors."""

    wall: float
    processor: float


def run_bare(path: Path, config: str, processes: int) -> Run:
    start, used = time.perf_counter(), children_seconds()
    words = [sys.executable, "-m", bare.__name__, config, str(path)]
    shares = range(processes)
    running = [subprocess.Popen([*words, str(share), str(processes)]) for share in shares]
    codes = [process.wait() for process in running]
    if any(codes):
        raise RuntimeError("RDKit alone failed")
    return Run(time.perf_counter() - start, children_seconds() - used)


def run_cli(
    path: Path, asked: argparse.Namespace, every: float = 0
) -> tuple[Run, dict[str, float], float]:
    """The command; also the seconds of each stage, and the peak memory of all processes in MB.

    Memory is read ``every`` so many seconds, which takes time; 0 for never.
    """
    options = ("--model", asked.model, "--device", asked.device, "--workers", str(asked.workers))
    found = screened(path, *options, every=every)
    return Run(found.seconds, found.waited), json.loads(found.said)["seconds"], found.together


def run(asked: argparse.Namespace) -> None:
    """Time both in turn, then the command alone on ten times the rows."""
    if asked.quick:
        asked.rows, asked.rounds = 10_000, 1
    smiles, source = real_smiles()
    print(f"molecules: {source}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        peak = compare(library(Path(folder) / "molecules.smi", smiles, asked.rows), asked)
        if not asked.quick:
            path = library(Path(folder) / "more.smi", smiles, 10 * asked.rows)
            found, _, more = run_cli(path, asked, every=2)
            case = f"screen {10 * asked.rows} rows, {asked.workers} workers"
            report(case, "end_to_end", 10 * asked.rows / found.wall, "molecules/s")
            report(case, "peak_memory", more, "MB", "< 1000")
            report(case, "memory_growth", more / peak, "x", "<= 1.05")


def compare(path: Path, asked: argparse.Namespace) -> float:
    """Report rates, ratios of rounds, stages, and the peak memory in MB, which is returned."""
    from bioassay_mtl.models.folder import read_config

    config = json.dumps(read_config(find_model(asked.model))["featurizer"])
    one = json.dumps({"fingerprints": MORGAN})
    rounds: list[tuple[Run, Run, Any]] = [
        (
            run_bare(path, config, asked.workers),
            run_bare(path, one, asked.workers),
            run_cli(path, asked),
        )
        for _ in range(asked.rounds)
    ]
    alone, morgan = [b for b, _, _ in rounds], [m for _, m, _ in rounds]
    cli, stages, _ = zip(*(c for _, _, c in rounds), strict=True)
    place = "" if asked.device == "cpu" else f", {asked.device}"
    case = f"screen {asked.rows} rows, {asked.workers} workers{place}"
    for name, runs in (("end_to_end", cli), ("bare_rdkit", alone), ("bare_morgan", morgan)):
        rate = statistics.median(asked.rows / each.wall for each in runs)
        report(case, name, rate, "molecules/s")
        used = statistics.median(each.processor / asked.rows * 1e6 for each in runs)
        report(case, f"{name}_processor", used, "us/molecule")
    for name, field in RATIOS.items():
        report(case, name, within(alone, cli, field), "")
    aim = ">= 0.6" if asked.model == DEFAULT else None  # the others read more
    report(case, "ratio_to_morgan", within(morgan, cli, "wall"), "", aim)
    for stage, value in stages[-1].items():
        report(case, f"last_round_{stage}", value / asked.rows * 1e6, "us/molecule")
    _, _, peak = run_cli(path, asked, every=0.2)
    report(case, "peak_memory", peak, "MB", "< 1000")
    return peak


def within(alone: Sequence[Run], cli: Sequence[Run], field: str) -> float:
    """Median over rounds of the ratio of their times."""
    pairs = zip(alone, cli, strict=True)
    return float(statistics.median(getattr(b, field) / getattr(c, field) for b, c in pairs))


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, "10,000 rows, one round, no long run", OPTIONS))
