"""Records survived: good, bad and hard ones, screened with a shipped model through the command.

``python -m benchmarks.robustness.records [--records N] [--seed N] [--without KIND] [--quick]``

Half of the records are in a SMILES file, half in a table. Every record must have its row, in its
place, with a plausible status; every real molecule the status and the value that it has when it is
predicted by itself; and nothing may hang, or take a gigabyte.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.harness.molecules import smiles_of
from benchmarks.harness.timing import tree_bytes
from benchmarks.report import report
from benchmarks.robustness.record_check import GIVEN_UP, Alone, Row, faults, read_rows
from benchmarks.robustness.record_files import Entry, entries, write_csv, write_smi
from benchmarks.screen_throughput import COMMAND, SAMPLING_SECONDS

N_RECORDS = 100_000
N_QUICK = 5_000
N_QUICK_HARD = 6
N_ALONE = 500
SECONDS = 900
"""After which a screen hangs."""
WRITERS: dict[str, Callable[[Path, Sequence[Entry]], list[Entry]]] = {
    "smi": write_smi,
    "csv": write_csv,
}


class Ended(NamedTuple):
    """How a screen ended: its exit code (None where it hung), wall time and peak memory."""

    code: int | None
    seconds: float
    peak_bytes: int


def screened(path: Path, output: Path, workers: int, limit: float = SECONDS) -> Ended:
    """Screen a file; killed, with all its processes, at the limit."""
    command = [*COMMAND, str(path), "-o", str(output), "--workers", str(workers), "--json"]
    start, peak = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        root = psutil.Process(process.pid)
        while (code := process.poll()) is None and time.perf_counter() - start < limit:
            peak = max(peak, tree_bytes(root))
            time.sleep(SAMPLING_SECONDS)
        if code is None:
            os.killpg(process.pid, signal.SIGKILL)
    return Ended(code, time.perf_counter() - start, peak)


def predicted_alone(smiles: Sequence[str]) -> Alone:
    """Each molecule's status and first value, predicted in Python without any bad company."""
    import bioassay_mtl

    model = bioassay_mtl.load("pcba128")
    table = model.predict(list(smiles))
    rows = zip(smiles, table["status"], table.iloc[:, 1], strict=True)
    return {each: _as_text(status, value) for each, status, value in rows}


def _as_text(status: str, value: float) -> tuple[str, str]:
    return status, f"{value:.6f}" if status == "ok" else ""


def report_screen(
    case: str, records: Sequence[Entry], rows: Sequence[Row], ended: Ended, found: Counter[str]
) -> bool:
    """Print what came of a screen; whether it is as it should be."""
    code = -1 if ended.code is None else ended.code
    n_hard = sum(entry.kind == "hard" for entry in records)
    peak = ended.peak_bytes / 1e6
    report(case, "records", len(records), "records")
    report(case, "hard records", n_hard, "records")
    report(case, "exit code", code, "", "== 0")
    for fault in ("lost", "shifted", "changed", "implausible", "wrong"):
        report(case, fault, found[fault], "records", "== 0")
    report(case, "compared", found["compared"], "records")
    report(case, "wall", ended.seconds, "s")
    report(case, "rate", len(records) / ended.seconds, "records/s")
    report(case, "peak_memory", peak, "MB", "< 1000")
    for status, count in Counter(row.status for row in rows).most_common():
        report(case, f"status {status}", count, "records")
    given_up = sum(row.status in GIVEN_UP for row in rows)
    report(case, "given up", given_up, "records", f"<= {n_hard}")
    wrong = any(count for fault, count in found.items() if fault != "compared")
    return not (code or wrong or peak >= 1000 or given_up > n_hard)


def main(arguments: list[str] | None = None) -> int:
    """Screen; the exit code is 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(prog="benchmarks.robustness.records")
    parser.add_argument("--records", type=int, default=N_RECORDS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--without", action="append", default=[], metavar="KIND")
    parser.add_argument("--quick", action="store_true", help=f"{N_QUICK:,} records")
    given = parser.parse_args(arguments)
    n = min(given.records, N_QUICK) if given.quick else given.records
    n_hard = N_QUICK_HARD if given.quick else None
    smiles = smiles_of()
    alone = predicted_alone(random.Random(given.seed).sample(smiles, min(n // 10, N_ALONE)))
    good = True
    with tempfile.TemporaryDirectory() as work:
        for seed, (suffix, write) in enumerate(WRITERS.items(), given.seed):
            path, output = Path(work) / f"records.{suffix}", Path(work) / f"{suffix}.csv"
            records = write(path, entries(n // 2, smiles, seed, given.without, n_hard))
            ended = screened(path, output, given.workers)
            rows = read_rows(output) if output.exists() else []
            found = faults(records, rows, alone)
            good &= report_screen(f"records: {suffix}", records, rows, ended, found)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
