"""What is compared on: panels by table, assay, size, split and draw, most telling first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TypeVar

import numpy as np

from benchmarks.harness.assay_tables import Table

T = TypeVar("T")

SIZES = (300, 1000, 3000, 8000, None)
"""Rows that a user brings; None: three quarters of the table."""
SPLITS = ("scaffold", "random")
DRAWS = 5
MULTI = {
    "tox21": SIZES,
    "chembl100": SIZES,
    "muv": SIZES[1:],  # of 300 rows hardly one is active in an assay
    "toxcast": SIZES,
    "hiv": (None,),  # the other sizes are among the single assays
}
"""Panels of all assays of a table, and their sizes."""
SINGLES = {"tox21": 12, "toxcast": 9, "pcba": 9, "chembl": 5, "chembl_outcomes": 4, "hiv": 1}
"""Tables, and how many of their assays are taken singly."""
FEWEST_HELD = 150


@dataclass(frozen=True)
class Piece:
    """One panel: of one assay, or of all of a table; rows brought, or three quarters of all.

    What is held out are ``scaffold`` or ``random`` molecules; draws count from 1 on.
    """

    table: str
    task: str | None
    rows: int | None
    split: str
    draw: int = 1

    @property
    def name(self) -> str:
        """In the results, beside the draw."""
        assay = () if self.task is None else (self.task.replace("/", "_"),)
        return "/".join([self.table, *assay, str(self.rows or "whole"), self.split])

    @property
    def group(self) -> tuple[str, str, str]:
        """What it is reported with: panel, rows, split."""
        kind = "values" if self.table in ("chembl", "chembl100") else "outcomes"
        panel = f"single assays, {kind}" if self.task is not None else self.table
        return (panel, str(self.rows or "whole"), self.split)


def single_pieces(tables: dict[str, Table]) -> Iterator[list[Piece]]:
    """For each assay its pieces of one draw: sizes and splits, the first one by turns."""
    by_table = [
        [(name, task, table) for task in table.evenly(SINGLES[name], SIZES[0] + FEWEST_HELD)]
        for name, table in tables.items()
    ]
    for number, (name, task, table) in enumerate(in_turn(by_table)):
        measured = int((~np.isnan(table.cells[:, table.tasks.index(task)])).sum())
        sizes = [n for n in SIZES if n is not None and n + FEWEST_HELD <= measured]
        found = [Piece(name, task, n, split) for n in sizes for split in SPLITS]
        shift = number % min(len(found), 4)
        yield found[shift:] + found[:shift]


def in_turn(lists: Iterable[list[T]]) -> list[T]:
    """First those that are first, then those that are second."""
    return [each for row in zip_longest(*lists) for each in row if each is not None]


def multi_pieces() -> Iterator[Piece]:
    """Of several assays, small ones first."""
    for rows in SIZES:
        for table, sizes in MULTI.items():
            if rows in sizes:
                yield from (Piece(table, None, rows, split) for split in SPLITS)


def ordered(singles: Iterable[list[Piece]], multi: Iterable[Piece]) -> list[Piece]:
    """All pieces of all draws: each assay once, then panels of several, then the other sizes."""
    each, several = list(singles), list(multi)
    first = [pieces[0] for pieces in each]
    rest = in_turn(pieces[1:] for pieces in each)
    small = [piece for piece in several if (piece.rows or 10**9) <= 1000]
    large = [piece for piece in several if piece not in small]
    once = [*first, *small, *rest, *large]
    return [replace(piece, draw=draw) for draw in range(1, DRAWS + 1) for piece in once]
