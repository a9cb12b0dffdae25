"""All that is to be measured on a GPU, in one command of at most 40 minutes.

``python -m benchmarks.gpu --out FOLDER [--data FOLDER] [--device cuda] [--quick]``: parity with the
CPU, step times at 128 and 617 tasks with the balancers (two-step ``all`` against the naive loop
among them) and their peak memory, training of both shipped models' experts, screening on all cores,
and the mixture's calibration out of fold. Each stage is a process of its own; one that fails or
runs out of its time is reported as such, and the others go on. Figures are printed and kept in
``FOLDER/results.jsonl``, weights beside them. ``--quick`` tries all stages at small sizes, on the
CPU too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.provenance import provenance, used_by_torch
from benchmarks.report import report

MINUTES = 40
OUT_OF_TIME = 124


@dataclass(frozen=True)
class Stage:
    """A process, and how many minutes it may take."""

    name: str
    words: tuple[str, ...]
    minutes: float


def stages(options: argparse.Namespace) -> Iterator[Stage]:
    """In their order."""
    quick = ("--quick",) if options.quick else ()
    place = ("--device", options.device)
    data = ("--data", options.data) if options.data else ()
    one = "benchmarks.gpu.stages"
    yield Stage("parity", (one, "parity", *place, *quick), 4)
    for n_tasks in (4,) if options.quick else (128, 617):
        yield Stage(f"steps T={n_tasks}", (one, "steps", str(n_tasks), *place, *quick), 5)
    for kind in ("fingerprints", "graph"):
        folder = str(Path(options.out) / kind)
        words = (one, "training", kind, "--out", folder, *place, *data, *quick)
        yield Stage(f"training {kind}", words, 5)
    workers = ("--workers", str(len(os.sched_getaffinity(0))))
    for model in ("pcba128", "pcba128-mix"):
        words = ("benchmarks.screen_throughput", "--model", model, "--rounds", "1")
        yield Stage(f"screen {model}", (*words, *workers, *place, *quick), 3)
    folder = str(Path(options.out) / "mixture")
    words = (one, "calibration", "--out", folder, *place, *data, *quick)
    yield Stage("calibration of the mixture", words, 10)


def main() -> int:
    """Run all stages; 1 where one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, help="folder to write; must not exist")
    parser.add_argument("--data", help="folder with pcba/")
    parser.add_argument("--device", default="cuda", help="where to work (default: cuda)")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try it")
    options = parser.parse_args()
    Path(options.out).mkdir(parents=True)
    begun = time.monotonic()
    with (Path(options.out) / "results.jsonl").open("w") as kept:
        keep(kept.write, json.dumps(provenance(used_by_torch(options.device))) + "\n")
        codes = []
        for stage in stages(options):
            left = 60 * MINUTES - (time.monotonic() - begun)
            codes.append(run(stage, min(60 * stage.minutes, left), kept.write))
            kept.flush()
    minutes = (time.monotonic() - begun) / 60
    report("all stages", "wall_time", minutes, "min", f"<= {MINUTES}")
    return int(any(codes))


def run(stage: Stage, seconds: float, write: Callable[[str], object]) -> int:
    """What a stage prints, and how it ended."""
    start = time.monotonic()
    command = [sys.executable, "-m", *stage.words]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=max(1, seconds), check=False)
        said, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as error:
        said, code = error.stdout or b"", OUT_OF_TIME
    keep(write, said.decode())
    for metric, value, unit in (
        ("exit_code", code, "1"),
        ("wall_time", time.monotonic() - start, "s"),
    ):
        line = {"case": stage.name, "metric": metric, "value": round(value, 1), "unit": unit}
        keep(write, json.dumps(line | {"target": "0" if metric == "exit_code" else None}) + "\n")
    return code


def keep(write: Callable[[str], object], text: str) -> None:
    """Show and keep."""
    print(text, end="", flush=True)
    write(text)


if __name__ == "__main__":
    sys.exit(main())
