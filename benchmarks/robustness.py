"""All bad input and all kills: ``python -m benchmarks.robustness [--quick]``.

``python -m tests.robustness.kills`` kills commands before and in each change of a file, ``python -m
tests.robustness.records`` screens good, damaged and hard records. The tests try a few of each.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.harness.study import begin
from tests.robustness import kills, records

FEW_KILLS = ["--points", "3", "--random", "1", "--verb", "save", "--verb", "fetch"]


def run(asked: argparse.Namespace) -> int:
    # Kills fork their tries, so before there are threads of a model.
    killed = kills.main(FEW_KILLS if asked.quick else [])
    return max(killed, records.main(["--quick"] if asked.quick else []))


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, "few kills and few records", threads=None))
