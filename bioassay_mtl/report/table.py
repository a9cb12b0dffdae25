"""Tables that sort by their heads and filter by a text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bioassay_mtl.report.templates import piece

A_WORD = 18
"""Letters up to which texts of a column stand on one line."""

FILTERED_FROM = 12
"""Rows from which a table gets a field to filter by."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    title
        Head of the column.
    cells
        One text a row.
    remarks
        Smaller texts beside them.
    bars
        Values in [0, 1] that draw a bar each.
    is_text
        Whether it holds words, not numbers.
    is_drawing
        Whether it holds small drawings (:func:`bioassay_mtl.report.plot.sparkline`).
    about
        A longer title.
    """

    title: str
    cells: Sequence[str]
    remarks: Sequence[str] | None = None
    bars: Iterable[float] | None = None
    is_text: bool = False
    is_drawing: bool = False
    about: str = ""


def table(caption: str, heads: Sequence[str], columns: Sequence[Column], *, name: str) -> Markup:
    """A table with a row for each of its heads.

    Parameters
    ----------
    caption
        Caption, for those who cannot see it.
    heads
        Names of the rows.
    columns
        Columns, with as many cells each.
    name
        Title of the column of names.
    """
    cells = [[*_cells(column)] for column in columns]
    rows = zip(heads, zip(*cells, strict=True), strict=True) if cells else ((h, ()) for h in heads)
    is_filtered = len(heads) >= FILTERED_FROM
    return piece("table", "table", caption, name, columns, list(rows), is_filtered)


def _cells(column: Column) -> Iterable[tuple[str, str, str, str | None]]:
    """Text, remark, class and length of the bar of each."""
    kind = "drawing" if column.is_drawing else ""
    if column.is_text:
        is_long = max(map(len, column.cells), default=0) > A_WORD
        kind = "text" if is_long else "text word"
    remarks = column.remarks or [""] * len(column.cells)
    bars = column.bars if column.bars is not None else [math.nan] * len(column.cells)
    for text, remark, bar in zip(column.cells, remarks, bars, strict=True):
        length = f"{min(max(bar, 0), 1):.2f}" if not kind and math.isfinite(bar) else None
        yield text, remark, kind, length
