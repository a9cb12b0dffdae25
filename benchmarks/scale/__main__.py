"""Figures of screens in parts.

    python -m benchmarks.scale [--rows N] [--part-rows N] [--top K] [--model FOLDER] [--quick]

Real molecules are repeated under new names; 10 million by default. Measured on 1 core and on all:
molecules per second with and without start-up, memory of the largest process, bytes on disk; the
same on Ray; the joining of parts; the reading that tells where records end. The cost of 10^9
molecules is a model: parts are independent, so that its rate is the steady rate of all cores here,
core by core, times the cores there, and the cutting, which one process does, comes first. It takes
for granted cores like these, a file system that keeps up, and of GPUs nothing: featurising, which
is CPU work, bounds a machine of 16 cores for each GPU.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import report
from benchmarks.scale.running import size, steady_rate, watched
from benchmarks.screen_throughput import real_smiles, write_smiles

CORES = {"64 cores": 64, "1,024 cores": 1024, "8 GPUs with 16 cores each": 128}
MOLECULES = 1e9


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--part-rows", type=int, default=102_400)
    parser.add_argument("--top", type=int, default=1000)
    parser.add_argument("--model", default="pcba128", help="shipped model or model folder")
    parser.add_argument("--quick", action="store_true", help="4,000 rows")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rows, options.part_rows, options.top = 4_000, 500, 100
    smiles, source = real_smiles()
    print(f"molecules: {source}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "molecules.smi"
        write_smiles(path, smiles, options.rows)
        _measure(path, options, len(os.sched_getaffinity(0)))


def _measure(path: Path, options: argparse.Namespace, cores: int) -> None:
    words = ["screen", str(path), "--model", options.model, "--part-rows", str(options.part_rows)]
    rates: dict[str, float] = {}
    for name, n, more in (
        ("local", cores, []),
        ("local", 1, []),
        ("ray", cores, ["--engine", "ray"]),
    ):
        folder = path.with_name(f"{name}-{n}")
        case = f"screen {options.rows} rows in parts, {name}, {n} cores"
        took = watched([*words, "--out", str(folder), "--workers", str(n), *more], n)
        rates[folder.name] = steady_rate(folder)
        report(case, "end_to_end", options.rows / took.seconds, "molecules/s")
        report(case, "steady", rates[folder.name], "molecules/s")
        report(case, "processor", took.processor / options.rows * 1e6, "us/molecule")
        report(case, "largest_process", took.largest, "MB", "<= 1000")
        report(case, "on_disk", size(folder) / options.rows, "bytes/molecule")
    everything, one = rates[f"local-{cores}"], rates["local-1"]
    report(f"scaling from 1 to {cores} cores", "efficiency", everything / one / cores, "ratio")
    report(
        f"Ray beside local, {cores} cores",
        "overhead",
        everything / rates[f"ray-{cores}"] - 1,
        "ratio",
        "<= 0.1",
    )
    best = path.with_name("best.csv")
    took = watched(
        [
            "merge",
            str(path.with_name(f"local-{cores}")),
            "-o",
            str(best),
            "--top",
            str(options.top),
        ],
        1,
    )
    case = f"merge {options.rows} rows, top {options.top}"
    report(case, "end_to_end", options.rows / took.seconds, "molecules/s")
    report(case, "largest_process", took.largest, "MB", "<= 1000")
    _cost(_cutting(path, options), everything / cores)


def _cutting(path: Path, options: argparse.Namespace) -> float:
    """Records whose ends are found in a second."""
    from bioassay_mtl.tables.cutting import portions
    from bioassay_mtl.tables.options import FOUND_OUT

    start = time.perf_counter()
    portions(str(path), options.part_rows, FOUND_OUT)
    rate = float(options.rows / (time.perf_counter() - start))
    report(f"cut {options.rows} rows", "rate", rate, "molecules/s")
    return rate


def _cost(cutting: float, of_a_core: float) -> None:
    """The model that the module's documentation has."""
    for name, cores in CORES.items():
        hours = (MOLECULES / cutting + MOLECULES / of_a_core / cores) / 3600
        report(f"10^9 molecules on {name} (a model)", "time", hours, "hours")


if __name__ == "__main__":
    main()
