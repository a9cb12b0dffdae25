"""How long a user waits for the first prediction, and for help.

python -m benchmarks.startup [--quick]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from functools import partial

from benchmarks.harness.study import begin, report
from benchmarks.harness.timing import COMMAND, seconds_of

FIRST_PREDICTION = """
import bioassay_mtl as bm
model = bm.load()
model.predict(["CC(=O)Oc1ccccc1C(=O)O"])
"""
VERBS = ("screen", "train", "evaluate", "info", "models", "datasets")


def seconds(command: list[str], repeats: int) -> float:
    """Median wall time of a command, after one run that fills the file cache."""
    run = partial(subprocess.run, command, check=True, stdout=subprocess.DEVNULL)
    return statistics.median([seconds_of(run) for _ in range(repeats + 1)][1:])


def run(asked: argparse.Namespace) -> None:
    repeats = 1 if asked.quick else 5
    first = [sys.executable, "-c", FIRST_PREDICTION]
    report("startup", "first_prediction", seconds(first, repeats), "s", "< 3")
    for verb in ("", *VERBS):
        wall = seconds([*COMMAND, *filter(None, [verb]), "--help"], repeats)
        report("startup", f"help_{verb}" if verb else "help", wall, "s", "< 0.5")


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, "one repeat instead of five"))
