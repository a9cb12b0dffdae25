"""What ``screen --domain`` costs: speed, and bytes of what a model keeps.

A screen with and without it is timed in turn, round by round, and the share of speed that is lost
is taken within each round; the first lines are of the processor's time, which other work on the
machine changes less. ``--top`` writes few columns, a full table all five for each assay.

    python -m benchmarks.domain [--model FOLDER] [--quick]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.harness.molecules import real_smiles
from benchmarks.harness.running import library, screened
from benchmarks.harness.study import begin, report
from bioassay_mtl.models.domain import NAME, DomainFile
from bioassay_mtl.models.folder import read_config
from bioassay_mtl.models.shipped import find_model

WAYS = {
    "all assays": [],
    "one assay": ["--assays", "{first}"],
    "best of each assay": ["--top", "100"],
}


def run(asked: argparse.Namespace) -> None:
    rows, rounds = (5_000, 1) if asked.quick else (50_000, 3)
    config = read_config(find_model(asked.model))
    size = (find_model(asked.model) / DomainFile.files[0]).stat().st_size
    n = config["beside"][NAME]["molecules"]
    report(f"{asked.model}, {n} molecules", "domain", size / n, "bytes/molecule", "<= 128")
    smiles, _ = real_smiles()
    with tempfile.TemporaryDirectory() as folder:
        path = library(Path(folder) / "molecules.smi", smiles, rows)
        for name, given in WAYS.items():
            words = [each.format(first=config["tasks"][0]) for each in given]
            words += ["--model", asked.model]
            pairs = [
                (screened(path, *words), screened(path, *words, "--domain")) for _ in range(rounds)
            ]
            case = f"screen {rows} rows, {len(os.sched_getaffinity(0))} cores, {name}"
            for metric, kind in (("wall", "seconds"), ("processor", "waited")):
                lost = [1 - getattr(plain, kind) / getattr(more, kind) for plain, more in pairs]
                report(case, f"speed_lost_{metric}", statistics.median(lost), "1", "<= 0.3")
            rates = [rows / more.seconds for _, more in pairs]
            report(case, "end_to_end", statistics.median(rates), "molecules/s")


if __name__ == "__main__":
    model = {"--model": {"default": "pcba128", "help": "shipped model or model folder"}}
    sys.exit(begin(__doc__, run, "5,000 rows, one round", model))
