"""The command line of a study or benchmark, and what it prints."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.harness.molecules import DataAbsentError

LOOK = "a look at it, under a minute, nothing kept"
REPORT: dict[str, Any] = {"action": "store_true", "help": "write the report, run nothing"}
CHEMPROP: dict[str, Any] = {"type": Path, "help": "the chemprop command; else it is left out"}
"""Where chemprop is, which runs as a program of its own."""


def begin(
    about: str | None,
    run: Callable[[argparse.Namespace], object],
    quick: str = LOOK,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    threads: int | None = 1,
) -> int:
    """Read the command line and run; what ``run`` returns, or 2 where data are absent.

    ``about`` is the module's docstring. ``--quick`` and ``--data`` are always there.
    """
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--data", help="folder with the tables and pcba/ (or BIOASSAY_DATA)")
    for name, how in (options or {}).items():
        parser.add_argument(name, **how)
    asked = parser.parse_args()
    if asked.data:
        os.environ["BIOASSAY_DATA"] = asked.data
    if threads:
        import torch

        torch.set_num_threads(threads)
    try:
        return int(run(asked) or 0)  # type: ignore[call-overload, no-any-return]
    except DataAbsentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def report(case: str, metric: str, value: float, unit: str, target: str | None = None) -> None:
    """Print a measurement as a line of JSON; ``target`` is what it should be: ``">= 0.8"``."""
    line = {"case": case, "metric": metric, "value": round(value, 4), "unit": unit}
    print(json.dumps(line | {"target": target}), flush=True)
