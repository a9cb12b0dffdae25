"""A screen of very many rows that may take several sessions, with a log of its memory and time.

The folder holds ``molecules.smi``, the data set ``screened`` and ``log.jsonl``: a line every ten
seconds with the attempt, seconds since its start, seconds of processors since its start, megabytes
of each process and the parts that are there. A killed run goes on with the same command.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.harness.ledger import read_records
from benchmarks.harness.running import Sample, library, size, watched
from benchmarks.harness.study import report

LOGGED_SECONDS = 10
SCREENED, LOG = "screened", "log.jsonl"


def run(folder: Path, smiles: Sequence[str], options: argparse.Namespace) -> None:
    """Screen, or go on; then tell what it took, and join the best."""
    path = library(folder / "molecules.smi", smiles, options.rows)
    cores = len(os.sched_getaffinity(0))
    words = ["screen", str(path), "--model", options.model, "--part-rows", str(options.part_rows)]
    words += ["--out", str(folder / SCREENED), "--workers", str(cores)]
    attempt, last = 1 + len(attempts(folder)), (-math.inf, -1)
    with (folder / LOG).open("a", buffering=1) as file:

        def log(sample: Sample) -> None:
            """One in ten seconds, and whenever there are more parts."""
            nonlocal last
            parts = len([*(folder / SCREENED / "receipts").glob("*.json")])
            if sample.seconds >= last[0] + LOGGED_SECONDS or parts != last[1]:
                last = sample.seconds, parts
                line = {"attempt": attempt, "parts": parts, **sample._asdict()}
                file.write(json.dumps(line) + "\n")

        watched(words, cores, log)
    reached(folder, smiles, options)
    best = ["merge", str(folder / SCREENED), "-o", str(folder / "best.csv")]
    (folder / "best.csv").unlink(missing_ok=True)
    took = watched([*best, "--top", str(options.top)], 1)
    case = f"merge {options.rows} rows, top {options.top}"
    report(case, "end_to_end", options.rows / took.seconds, "molecules/s")
    report(case, "processor", took.processor / options.rows * 1e6, "us/molecule")
    report(case, "largest_process", took.largest, "MB", "<= 1000")


def attempts(folder: Path) -> list[list[dict[str, Any]]]:
    """Samples of each attempt; a last line that a kill cut off is left out."""
    found: dict[int, list[dict[str, Any]]] = {}
    for sample in read_records(folder / LOG):
        found.setdefault(sample["attempt"], []).append(sample)
    return list(found.values())


def reached(folder: Path, smiles: Sequence[str], options: argparse.Namespace) -> None:
    """Tell what an unfinished, or a finished, screen has done so far."""
    screened, tried = folder / SCREENED, attempts(folder)
    receipts = [json.loads(p.read_text()) for p in (screened / "receipts").glob("*.json")]
    rows = sum(receipt["rows"] for receipt in receipts)
    case = f"screen {options.rows} rows in parts, {rows} done"
    if not rows:
        raise SystemExit(f"{folder}: no part is there yet")
    ended = [change for samples in tried for change in _between_parts(samples)]
    n = sum(parts for parts, _, _ in ended) * options.part_rows
    if n:
        used, passed = (sum(each[place] for each in ended) for place in (1, 2))
        report(case, "processor", used / n * 1000, "s/1000 molecules")
        report(case, "steady", n / passed, "molecules/s")
    report(case, "attempts", len(tried), "runs")
    sizes = [sample["megabytes"][0] for samples in tried for sample in samples]
    report(case, "largest_process", max(sizes), "MB", "<= 1000")
    _tell_growth(case, max(tried, key=len))
    report(case, "on_disk", sum(r["bytes"] for r in receipts) / rows, "bytes/molecule")
    report(case, "all_files", size(screened) / rows, "bytes/molecule")


def _tell_growth(case: str, samples: Sequence[dict[str, Any]]) -> None:
    """Of the largest process in one attempt, once its first part was there."""
    sizes = [s["megabytes"][0] for s in samples if s["parts"] > samples[0]["parts"]]
    if len(sizes) < 4:
        return
    quarter = len(sizes) // 4
    first, last = statistics.median(sizes[:quarter]), statistics.median(sizes[-quarter:])
    report(case, "largest_process_last_quarter_over_first", last / first, "ratio", "<= 1.1")


def _between_parts(samples: Sequence[dict[str, Any]]) -> list[tuple[int, float, float]]:
    """Parts, seconds of processors and of the clock from one end of parts to the next one."""
    ends = [b for a, b in pairwise(samples) if b["parts"] > a["parts"]]
    return [
        (b["parts"] - a["parts"], b["processor"] - a["processor"], b["seconds"] - a["seconds"])
        for a, b in pairwise(ends)
    ]
