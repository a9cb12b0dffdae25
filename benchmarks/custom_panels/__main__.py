"""Ours with no option beside tuned rivals, by panel and size.

    python -m benchmarks.custom_panels [--minutes M] [--tables NAME ...] [--rows N ...]

Every piece of work that ends is a line of ``results/custom_panels.jsonl``, and is not done again: a
killed run is resumed, and a later one extends the table. ``--minutes`` ends it after the piece that
is under way then. The report is written at the end, and by ``--report`` without running anything.
Whole panels beside rivals as they come, DeepChem and chemprop among them: ``benchmarks.rivals``.
``--quick`` trains hardly at all, and keeps nothing.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from typing import Any

from benchmarks.custom_panels.draws import (
    MULTI,
    SINGLES,
    Piece,
    cross_validated,
    multi_pieces,
    ordered,
    single_pieces,
    single_tables,
)
from benchmarks.custom_panels.networks import NETWORKS
from benchmarks.custom_panels.table import write_report
from benchmarks.custom_panels.work import CONTENDERS, on_drawn
from benchmarks.harness.contenders import Options
from benchmarks.harness.ledger import RESULTS, Ledger
from benchmarks.harness.study import CHEMPROP, REPORT, begin

OPTIONS: dict[str, dict[str, Any]] = {
    "--tables": {"nargs": "+", "choices": sorted({*MULTI, *SINGLES})},
    "--only": {
        "choices": ["single", "several", "5x5"],
        "help": "panels of so many assays, or those that are cross-validated",
    },
    "--rows": {"nargs": "+", "help": "sizes, or whole"},
    "--draws": {"nargs": "+", "type": int},
    "--models": {
        "nargs": "+",
        "choices": [*CONTENDERS, *NETWORKS],
        "help": f"contenders; default: all but {' and '.join(NETWORKS)}",
    },
    "--chemprop": CHEMPROP,
    "--minutes": {"type": float, "default": math.inf, "help": "begin no piece after so many"},
    "--report": REPORT,
}


def run(asked: argparse.Namespace) -> int:
    ledger = Ledger(None if asked.quick else RESULTS / "custom_panels.jsonl")
    options, begun = Options(asked.chemprop, asked.quick), time.monotonic()
    for piece in [] if asked.report else asked_pieces(asked):
        if time.monotonic() - begun > 60 * asked.minutes:
            break
        on_drawn(piece, ledger, asked.models or CONTENDERS, options)
    return 0 if asked.quick or write_report(RESULTS) else 1


def asked_pieces(asked: argparse.Namespace) -> list[Piece]:
    """Those that are asked for, in their order."""
    if asked.quick:
        return [Piece("tox21", "SR-p53", 300, "random")]
    tables = {} if asked.only == "several" else single_tables(asked.tables)
    found: list[Piece] = []
    if asked.only != "5x5":
        several = [] if asked.only == "single" else multi_pieces()
        found += ordered(single_pieces(tables), several)
    if asked.only in (None, "5x5"):
        found += cross_validated(tables)
    return [
        piece
        for piece in found
        if (not asked.tables or piece.table in asked.tables)
        and (not asked.rows or str(piece.rows or "whole") in asked.rows)
        and (not asked.draws or piece.draw in asked.draws)
    ]


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, options=OPTIONS))
