"""What 10^9 molecules take: a model, from stages that are measured one by one.

What it takes for granted stands in docs/scaling.md.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness.running import Watched, library, size, watched
from benchmarks.harness.study import report

MOLECULES = 10**9
PART_ROWS = 102_400
CORES_OF_A_PROCESS = 8
CORES_OF_A_GPU = 16
MACHINES = {"64 cores": (64, 0), "1,024 cores": (1024, 0), "8 GPUs": (8 * CORES_OF_A_GPU, 8)}


class Stages(NamedTuple):
    """Seconds of one core a molecule, but for the last two.

    To find where records end; in workers; of the network; of the first process for all else; and to
    find the best among the parts. Then seconds until a process has predicted its first molecule,
    and bytes of a molecule on disk.
    """

    cutting: float
    featurising: float
    predicting: float
    writing: float
    joining: float
    start: float
    disk: float


def cost(stages: Stages, cores: int, gpus: int = 0, molecules: int = MOLECULES) -> dict[str, float]:
    """The model: hours of each step, of all, and of all cores together; terabytes; GB a second.

    Examples
    --------
    >>> stages = Stages(0, 0.5e-3, 0, 0.5e-3, 0, 0, 1000)
    >>> cost(stages, 8, molecules=36 * 102_400)["screening"]  # 1 ms each, on 8 cores
    0.128
    """
    processes = math.ceil(cores / CORES_OF_A_PROCESS)
    of_a_core = stages.featurising + stages.writing + (0 if gpus else stages.predicting)
    of_a_part = PART_ROWS * of_a_core / min(cores, CORES_OF_A_PROCESS)
    waves = math.ceil(molecules / PART_ROWS / processes)
    screening = waves * of_a_part + stages.start
    cutting, joining = molecules * stages.cutting, molecules * stages.joining
    return {
        "cutting": cutting / 3600,
        "screening": screening / 3600,
        "joining": joining / 3600,
        "total": (cutting + screening + joining) / 3600,
        "core_hours": cores * screening / 3600,
        "terabytes": molecules * stages.disk / 1e12,
        "gigabytes_a_second": molecules * stages.disk / 1e9 / screening,
    }


def run(folder: Path, smiles: Sequence[str], options: argparse.Namespace) -> None:
    """Measure the stages on one core, and print the model."""
    rows = min(options.engine_rows, 4 * PART_ROWS // 5)
    path = library(folder / f"molecules-{rows}.smi", smiles, rows)
    stages = measured(path, folder / f"stages-{rows}", rows, options)
    for name, value in stages._asdict().items():
        unit = {"start": "s", "disk": "bytes/molecule"}.get(name)
        scaled = value if unit else value * 1e6
        report(f"stages, {rows} rows, one core", name, scaled, unit or "us/molecule")
    for name, (cores, gpus) in MACHINES.items():
        for metric, value in cost(stages, cores, gpus).items():
            unit = {"terabytes": "TB", "gigabytes_a_second": "GB/s"}.get(metric, "hours")
            report(f"10^9 molecules on {name} (a model)", metric, value, unit)


def measured(path: Path, out: Path, rows: int, options: argparse.Namespace) -> Stages:
    """Stages of a screen on one core, in processor time; that of a few rows is none of theirs."""
    few = library(path.with_name("molecules-few.smi"), path.read_text().split("\n")[:8], 8)
    of_few = out.with_name("stages-few")
    took, start = _screened(path, out, rows, options), _screened(few, of_few, rows, options)
    seconds = json.loads(took.said)["seconds"]
    of_main = max(0.0, took.main - start.main)
    worked = sum(seconds[stage] for stage in ("reading", "predicting", "writing"))
    predicting = of_main * seconds["predicting"] / worked
    joining = _joined(out, options).processor - _joined(of_few, options).processor
    return Stages(
        cutting=_cutting(path),
        featurising=(took.processor - start.processor - of_main) / rows,
        predicting=predicting / rows,
        writing=(of_main - predicting) / rows,
        joining=max(0.0, joining) / rows,
        start=start.seconds,
        disk=size(out) / rows,
    )


def _screened(path: Path, out: Path, rows: int, options: argparse.Namespace) -> Watched:
    shutil.rmtree(out, ignore_errors=True)
    words = ["screen", str(path), "--model", options.model, "--workers", "1", "--json"]
    return watched([*words, "--part-rows", str(max(1, rows // 4)), "--out", str(out)], 1)


def _joined(out: Path, options: argparse.Namespace) -> Watched:
    best = out.with_name(f"{out.name}-best.csv")
    best.unlink(missing_ok=True)
    return watched(["merge", str(out), "-o", str(best), "--top", str(options.top)], 1)


def _cutting(path: Path) -> float:
    """Seconds a record in which the ends of records are found."""
    from bioassay_mtl.tables.cutting import portions
    from bioassay_mtl.tables.options import FOUND_OUT

    start = time.perf_counter()
    found = portions(str(path), PART_ROWS, FOUND_OUT)
    rows = sum(each.rows or 0 for each in found) or path.read_bytes().count(b"\n")
    return (time.perf_counter() - start) / rows
