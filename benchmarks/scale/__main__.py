"""Figures of screens in parts.

    python -m benchmarks.scale [--only long engines cost reached] [--folder FOLDER] [--rows N]
                               [--engine-rows N] [--rounds N] [--model FOLDER] [--quick]

Real molecules are repeated under new names. Three studies, one after the other:

- ``long`` (10 million rows): rate, processor time, memory of each process from the beginning to the
  end, bytes on disk, the joining of the best. With ``--folder`` it goes on where it stopped, and
  ``reached`` tells at any time what there is.
- ``engines`` (``--engine-rows``): one core and all, Ray beside local on all, in turns for
  ``--rounds`` rounds.
- ``cost``: stages measured one by one, and the model of :mod:`benchmarks.scale.cost` for 10^9
  molecules.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.harness.molecules import real_smiles
from benchmarks.harness.study import begin
from benchmarks.scale import cost, engines, long_run

STUDIES = {
    "engines": engines.run,
    "cost": cost.run,
    "long": long_run.run,
    "reached": long_run.reached,
}
OPTIONS: dict[str, dict[str, Any]] = {
    "--only": {"nargs": "+", "choices": STUDIES, "default": ["engines", "cost", "long"]},
    "--folder": {"type": Path, "help": "kept, and gone on with"},
    "--rows": {"type": int, "default": 10_000_000, "help": "of the long screen"},
    "--engine-rows": {"type": int, "default": 245_760},
    "--rounds": {"type": int, "default": 2},
    "--part-rows": {"type": int, "default": 102_400, "help": "of the long screen"},
    "--top": {"type": int, "default": 1000},
    "--model": {"default": "pcba128", "help": "shipped model or model folder"},
}


def run(asked: argparse.Namespace) -> None:
    if asked.quick:
        asked.rows = asked.engine_rows = 4_000
        asked.part_rows, asked.top, asked.rounds = 500, 100, 1
    smiles, source = real_smiles()
    print(f"molecules: {source}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as work:
        for name in asked.only:
            folder = asked.folder or Path(work)
            folder.mkdir(parents=True, exist_ok=True)
            STUDIES[name](folder, smiles, asked)


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, "4,000 rows, one round", OPTIONS, threads=None))
