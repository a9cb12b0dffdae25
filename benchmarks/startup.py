"""How long a user waits for the first prediction, and for help.

python -m benchmarks.startup [--model FOLDER] [--quick]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from benchmarks.harness.study import parser
from benchmarks.report import report

FIRST_PREDICTION = """
import sys
import bioassay_mtl as bm
model = bm.load(sys.argv[1])
model.predict(["CC(=O)Oc1ccccc1C(=O)O"])
"""
COMMAND = [sys.executable, "-m", "bioassay_mtl.cli.app"]
VERBS = ("screen", "train", "evaluate", "info", "models", "datasets")


def seconds(command: list[str], repeats: int) -> float:
    """Median wall time of a command, after one run that fills the file cache."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def main() -> None:
    asked = parser(__doc__, "one repeat instead of five")
    asked.add_argument("--model", default="pcba128", help="shipped model or model folder")
    options = asked.parse_args()
    repeats = 1 if options.quick else 5
    first = [sys.executable, "-c", FIRST_PREDICTION, options.model]
    report("startup", "first_prediction", seconds(first, repeats), "s", "< 3")
    report("startup", "help", seconds([*COMMAND, "--help"], repeats), "s", "< 0.5")
    for verb in VERBS:
        wall = seconds([*COMMAND, verb, "--help"], repeats)
        report("startup", f"help_{verb}", wall, "s", "< 0.5")


if __name__ == "__main__":
    main()
