"""Intrinsic dimension of real panels: few numbers an assay, small models, new assays, guarantees.

    python -m benchmarks.intrinsic_dimension [--quick] [--only NAME ...] [--minutes M]

``--quick`` finds the dimensions of a synthetic family, which are known; else pieces of the study
(``about.md``) are done in their order, and kept. ``--only`` does those whose names begin so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness.ledger import RESULTS, go_on
from benchmarks.harness.study import begin, report
from benchmarks.harness.tables import prose
from benchmarks.intrinsic_dimension.codes import LOW, ORDINARY, SETTINGS, codes, free
from benchmarks.intrinsic_dimension.family import Family
from benchmarks.intrinsic_dimension.new_assays import draw
from benchmarks.intrinsic_dimension.panels import panels, related, some
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


def dimension(panel: str, seeds: int, folder: Path, parts: bool = False) -> dict[str, Any]:
    """Of a panel; or of random and of related groups of its assays, too."""
    read = panels[panel]()
    sizes = [size for size in (2, 4, 8) if size < len(read.tasks)] if parts else []
    found = intrinsic_dimension(
        read,
        SETTINGS["dimension"] | {"seeds": seeds},
        sizes=sizes,
        groups=related(read) if parts else {},
        out=folder.parent / f"dimension-{panel}",
    )
    more = [{"aid": g.aid, "id": g.id, "mean_id": g.mean_id} for g in found.groups]
    groups = [asdict(g) | m for g, m in zip(found.groups, more, strict=True)]
    return {"panel": panel, "rows": len(read), "seeds": seeds, "groups": groups}


Piece = Callable[[Path], dict[str, Any]]
PART, TOX21, ALL = "pcba-part", "tox21-whole", ("pcba-16", "muv", "toxcast")
CERTIFIED = {"epochs": 8, "batch_size": 512}


def code(panel: str, k: int, shared: int, *levels: int, **learning: Any) -> Piece:
    return partial(codes, panel, {"coordinates": k, "shared": shared}, levels, **learning)


def single(d: int) -> Piece:
    return partial(codes, "pcba-1", {"form": "single", "coordinates": d}, (2, 3))


PIECES: dict[str, Piece] = {
    "dimension tox21, 1 seed": partial(dimension, "tox21", 1),
    "dimension tox21": partial(dimension, "tox21", 3),
    **{f"dimension {panel}": partial(dimension, panel, 1) for panel in ALL},
    **{f"dimension {panel}, 3 seeds": partial(dimension, panel, 3) for panel in ALL},
    "groups tox21": partial(dimension, "tox21", 3, parts=True),
    "groups pcba-16": partial(dimension, "pcba-16", 1, parts=True),
    "code 4-80": code(PART, 4, 80, 5, 12),
    **{
        f"code {k}-{shared}": code(PART, k, shared, 12)
        for k, shared in ((8, 200), (16, 500), (32, 1000), (64, 2000), (96, 2400))
    },
    "free each alone": partial(free, PART, LOW | {"form": "free"}),
    "free all together": partial(free, PART, ORDINARY),
    **{f"certificate pcba-1 {d}": single(d) for d in (256, 128, 64, 32)},
    "certificate tox21-once 1-16": code("tox21-once", 1, 16, 2, 3),
    "certificate pcba 4-80": code("pcba", 4, 80, 5, **CERTIFIED),
    "certificate pcba 8-150": code("pcba", 8, 150, 5, **CERTIFIED),
    **{
        f"new {panel} {n}": partial(draw, whole, n)
        for n in range(20)
        for panel, whole in (("tox21", TOX21), ("chembl", "chembl"))
    },
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
    return write(lines, RESULTS, prose(__file__))


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, options=OPTIONS))
