"""Tables that sort by their heads and filter by a text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from bioassay_mtl.report.page import join

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
        Its head.
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
        What it holds, for those who cannot see it.
    heads
        Names of the rows.
    columns
        With as many cells each.
    name
        Title of the column of names.
    """
    titles = join(
        Markup('<th scope="col"{}{}>{}</th>').format(
            Markup(' class="text"') if column.is_text or column.is_drawing else "",
            Markup(' title="{}"').format(column.about) if column.about else "",
            column.title,
        )
        for column in columns
    )
    cells = [[*_cells(column)] for column in columns]
    # Ends of cells and rows are left out, as HTML allows: long tables are a quarter smaller.
    rows = "".join(
        f"<tr><th scope=row>{escape(head)}{''.join(row)}\n"
        for head, row in zip(heads, zip(*cells, strict=True), strict=True)
    )
    tools = ""
    if len(heads) >= FILTERED_FROM:
        tools = Markup(
            '<div class="tools"><input type="search" aria-label="Filter: {0}" '
            'placeholder="Filter"><span role="status" class="note"></span></div>'
        ).format(caption)
    return Markup(
        '<div data-table>{tools}<div class="wide" role="region" tabindex="0" '
        'aria-label="{caption}"><table aria-label="{caption}"><thead><tr>'
        '<th scope="col">{name}</th>{titles}</tr></thead><tbody>\n{rows}'
        "</tbody></table></div></div>"
    ).format(tools=tools, caption=caption, name=name, titles=titles, rows=Markup(rows))


def _cells(column: Column) -> Iterable[str]:
    kind = "text" if max(map(len, column.cells), default=0) > A_WORD else '"text word"'
    remarks = column.remarks or [""] * len(column.cells)
    bars = column.bars if column.bars is not None else [math.nan] * len(column.cells)
    for text, remark, bar in zip(column.cells, remarks, bars, strict=True):
        start = "<td>"
        if column.is_drawing:
            start = "<td class=drawing>"
        elif column.is_text:
            start = f"<td class={kind}>"
        elif math.isfinite(bar):
            start = f"<td class=bar style=--b:{min(max(bar, 0), 1):.2f}>"
        yield f"{start}{escape(text)}" + (f"<small>{escape(remark)}</small>" if remark else "")
