"""The study's pieces, in the order in which they are done: the most wanted first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.intrinsic_dimension.codes import LOW, ORDINARY, SETTINGS, codes, free, shipped
from benchmarks.intrinsic_dimension.new_assays import draw
from benchmarks.intrinsic_dimension.panels import panels, related
from bioassay_mtl.training.dimension import intrinsic_dimension

Piece = Callable[[Path], dict[str, Any]]
SIZES = ((32, 1000), (8, 200), (96, 2400))
DRAWS = 20


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


def _codes(panel: str, network: dict[str, Any], *levels: int, **learning: Any) -> Piece:
    return lambda folder: codes(panels[panel](), folder, network, levels, **learning)


def _free(network: dict[str, Any]) -> Piece:
    return lambda folder: free(panels["pcba-part"](), folder, network)


def _shared(k: int, shared: int) -> dict[str, Any]:
    return {"coordinates": k, "shared": shared}


def _single(d: int) -> dict[str, Any]:
    return {"form": "single", "coordinates": d}


CERTIFIED = {"epochs": 8, "batch_size": 512}
TOX21 = "tox21-whole"
PIECES: dict[str, Piece] = {
    "code 4-80": _codes("pcba-part", _shared(4, 80), 5, 12),
    "dimension tox21, 1 seed": partial(dimension, "tox21", 1),
    "new tox21 0": partial(draw, TOX21, 0),
    "code 16-500": _codes("pcba-part", _shared(16, 500), 12),
    "free each alone": _free(LOW | {"form": "free"}),
    "code 64-2000": _codes("pcba-part", _shared(64, 2000), 12),
    "new tox21 1": partial(draw, TOX21, 1),
    "dimension tox21": partial(dimension, "tox21", 3),
    "certificate pcba-1 256": _codes("pcba-1", _single(256), 2, 3),
    "free all together": _free(ORDINARY),
    "new tox21 2": partial(draw, TOX21, 2),
    "shipped": lambda folder: shipped(panels["pcba-part"](), folder),
    "certificate pcba 4-80": _codes("pcba", _shared(4, 80), 5, **CERTIFIED),
    "dimension pcba-16": partial(dimension, "pcba-16", 1),
    **{f"new chembl {n}": partial(draw, "chembl", n) for n in range(3)},
    "dimension muv": partial(dimension, "muv", 1),
    "dimension toxcast": partial(dimension, "toxcast", 1),
    **{f"dimension {p}, 3 seeds": partial(dimension, p, 3) for p in ("pcba-16", "muv", "toxcast")},
    "groups tox21": partial(dimension, "tox21", 3, parts=True),
    **{f"taught tox21 {n}": partial(draw, TOX21, n, teacher="code-16-500") for n in range(3)},
    **{f"code {k}-{n}": _codes("pcba-part", _shared(k, n), 12) for k, n in SIZES},
    "groups pcba-16": partial(dimension, "pcba-16", 1, parts=True),
    **{f"certificate pcba-1 {d}": _codes("pcba-1", _single(d), 2, 3) for d in (128, 64, 32)},
    "certificate tox21-once 1-16": _codes("tox21-once", _shared(1, 16), 2, 3),
    "certificate pcba 8-150": _codes("pcba", _shared(8, 150), 5, **CERTIFIED),
    **{
        f"new {panel} {n}": partial(draw, whole, n)
        for n in range(3, DRAWS)
        for panel, whole in (("tox21", TOX21), ("chembl", "chembl"))
    },
}
