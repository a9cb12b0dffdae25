"""Intrinsic dimension of real panels: few numbers an assay, small models, new assays, guarantees.

    python -m benchmarks.intrinsic_dimension --quick
    python -m benchmarks.intrinsic_dimension [--only NAME ...] [--minutes M] [--work FOLDER]

``--quick`` finds the dimensions of a synthetic family, which are known (``family.py``), within a
factor of 1.5, and those of 600 molecules of Tox21. Without it, the study, in pieces whose order is
that of ``pieces.py``. Every piece that ends is a line of ``results/intrinsic_dimension.jsonl`` and
is not done again; ``--minutes`` begins none after so many, ``--only`` does those whose names begin
so. Real data are looked for in ``BIOASSAY_DATA``. One thread.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.harness.ledger import RESULTS, go_on
from benchmarks.harness.study import begin, report
from benchmarks.intrinsic_dimension.codes import SETTINGS
from benchmarks.intrinsic_dimension.family import Family
from benchmarks.intrinsic_dimension.panels import panels, some
from benchmarks.intrinsic_dimension.pieces import PIECES
from benchmarks.intrinsic_dimension.table import write
from bioassay_mtl.errors import BioassayError
from bioassay_mtl.training.dimension import Dimension, DimensionConfig, intrinsic_dimension
from bioassay_mtl.training.dimension.search import dimension_of

FACTOR = 1.5
OPTIONS: dict[str, dict[str, Any]] = {
    "--only": {"nargs": "+", "default": [""], "metavar": "NAME"},
    "--minutes": {"type": float, "default": float("inf")},
    "--work": {"type": Path, "help": "folder of what is trained; else a temporary one"},
}


def quick() -> None:
    """The family of known dimension, and a few molecules of Tox21."""
    family = Family(d=32, k=4, n_tasks=32)
    config = DimensionConfig(single=(8, 16, 32, 64), coordinates=(1, 2, 4, 8), ratios=(0.5, 1, 2))
    tasks = tuple(f"task {number}" for number in range(family.n_tasks))
    show(dimension_of("synthetic", tasks, family.score, config), "synthetic", family.aid, family.d)
    try:
        panel = some(panels["tox21"](), 600)
    except (BioassayError, OSError) as error:
        print(f"tox21 is passed over: {error}", file=sys.stderr)
    else:
        show(intrinsic_dimension(panel, SETTINGS["quick"]).groups[0], "tox21, 600 molecules")


def show(
    found: Dimension, case: str, aid: float | None = None, single: float | None = None
) -> None:
    """Print both dimensions, beside what is known of them."""
    for name, value, known in (("together", found.aid, aid), ("alone", found.id, single)):
        target = None if known is None else f"{known / FACTOR:.3g} to {known * FACTOR:.3g}"
        if value is not None:
            report(f"{case}, {name}", "numbers_per_task", value, "numbers", target)
        else:
            print(f"{case}, {name}: more than were tried", file=sys.stderr)


def run(asked: argparse.Namespace) -> None:
    if asked.quick:
        return quick()
    names = [name for name in PIECES if name.startswith(tuple(asked.only))]
    with tempfile.TemporaryDirectory() as temporary:

        def work(name: str) -> dict[str, Any]:
            print(name, file=sys.stderr, flush=True)
            folder = (asked.work or Path(temporary)) / name.replace(" ", "-")
            folder.mkdir(parents=True, exist_ok=True)
            return {"piece": name, **PIECES[name](folder)}

        until = time.monotonic() + 60 * asked.minutes
        ledger = RESULTS / "intrinsic_dimension.jsonl"
        lines = go_on(ledger, names, lambda line: str(line["piece"]), work, until)
    return write(lines, RESULTS, __doc__ or "")


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, options=OPTIONS))
