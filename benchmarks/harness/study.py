"""The command line of a study, and what it prints."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.harness.ledger import Entry
from benchmarks.harness.molecules import DataAbsentError

LOOK = "a look at it, under a minute, nothing kept"


def parser(about: str | None, quick: str = LOOK) -> argparse.ArgumentParser:
    """``--quick`` and ``--data``; ``about`` is the module's docstring."""
    found = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("--quick", action="store_true", help=quick)
    found.add_argument("--data", help="folder with the tables and pcba/ (or BIOASSAY_DATA)")
    return found


def chemprop_options(found: argparse.ArgumentParser) -> None:
    """Where chemprop is, which runs as a program of its own."""
    found.add_argument("--chemprop", type=Path, help="the chemprop command; else it is left out")


def ended(run: Callable[[], object]) -> int:
    """Run on one thread; the exit code is 2 where the data are absent, else what it returns."""
    import torch

    torch.set_num_threads(1)
    try:
        return int(run() or 0)  # type: ignore[call-overload, no-any-return]
    except DataAbsentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def report(case: str, metric: str, value: float, unit: str, target: str | None = None) -> None:
    """Print a measurement as a line of JSON; ``target`` is what it should be: ``">= 0.8"``."""
    line = {"case": case, "metric": metric, "value": round(value, 4), "unit": unit}
    print(json.dumps(line | {"target": target}), flush=True)


def show(entry: Entry) -> None:
    """Print the means over assays, and the time."""
    case = f"{entry.protocol} {entry.stage} {entry.rival} seed {entry.seed}"
    for metric, values in entry.metrics.items():
        if values:
            report(case, f"macro_{metric}", float(np.mean(values)), "1")
    if "cpu_seconds" in entry.notes:
        report(case, "cpu", entry.notes["cpu_seconds"], "s")
