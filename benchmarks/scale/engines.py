"""One core and all, Ray beside local: in turns, so that all see the same load of the machine."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness.running import Watched, library, size, steady_rate, watched
from benchmarks.harness.study import report

PARTS_OF_A_SCREEN = 24
"""Enough for a steady rate, and for each call of an actor to have several."""


def run(folder: Path, smiles: Sequence[str], asked: argparse.Namespace) -> None:
    """Screen the same rows with each engine in turn, and compare medians."""
    rows, cores = asked.engine_rows, len(os.sched_getaffinity(0))
    part_rows = str(min(asked.part_rows, max(1, rows // PARTS_OF_A_SCREEN)))
    engines = {"local-1": 1, f"local-{cores}": cores, f"ray-{cores}": cores}
    many = library(folder / f"molecules-{rows}.smi", smiles, rows)
    few = library(folder / "molecules-few.smi", smiles, 8)

    def screened(name: str, path: Path, out: Path) -> Watched:
        shutil.rmtree(out, ignore_errors=True)
        words = ["screen", str(path), "--model", asked.model, "--part-rows", part_rows]
        words += ["--out", str(out), "--workers", str(engines[name])]
        ray = ["--engine", "ray"] if name.startswith("ray") else []
        return watched([*words, *ray], engines[name])

    started = {name: screened(name, few, folder / f"{name}-few").processor for name in engines}
    took: dict[str, list[tuple[Watched, float]]] = {name: [] for name in engines}
    for _ in range(asked.rounds):
        for name, runs in took.items():
            found = screened(name, many, folder / name)
            runs.append((found, steady_rate(folder / name)))
    for name, runs in took.items():
        _tell(f"screen {rows} rows in parts, {name}", runs, rows, size(folder / name))
    for name, processor in started.items():
        report(f"screen 8 rows in parts, {name}", "processor", processor, "s")
    _compare(took, started, cores)


def _tell(case: str, took: Sequence[tuple[Watched, float]], rows: int, held: int) -> None:
    rates = [rows / each.seconds for each, _ in took]
    report(case, "end_to_end", statistics.median(rates), "molecules/s")
    report(case, "steady", statistics.median(rate for _, rate in took), "molecules/s")
    used = [each.processor / rows * 1e6 for each, _ in took]
    report(case, "processor", statistics.median(used), "us/molecule")
    report(case, "largest_process", max(each.largest for each, _ in took), "MB", "<= 1000")
    report(case, "on_disk", held / rows, "bytes/molecule")


def _compare(
    took: dict[str, list[tuple[Watched, float]]], started: dict[str, float], cores: int
) -> None:
    """Within each round, for rounds differ by what else the machine does."""
    one, all_cores, ray = took.values()
    _, of_local, of_ray = started.values()
    gains = [b / a / cores for (_, a), (_, b) in zip(one, all_cores, strict=True)]
    report(f"scaling from 1 to {cores} cores", "efficiency", statistics.median(gains), "ratio")
    case = f"Ray beside local, {cores} cores"
    pairs = list(zip(all_cores, ray, strict=True))
    for metric, ratios in {
        "overhead_steady": [a / b for (_, a), (_, b) in pairs],
        "overhead_processor_without_start": [
            (b.processor - of_ray) / (a.processor - of_local) for (a, _), (b, _) in pairs
        ],
    }.items():
        report(case, metric, statistics.median(ratios) - 1, "ratio", "<= 0.1")
