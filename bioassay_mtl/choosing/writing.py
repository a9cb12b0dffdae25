"""Files of a shortlist: tables and SD files as a screen writes them, and a page of drawings."""

from __future__ import annotations

from typing import BinaryIO

from bioassay_mtl.choosing.picking import Picked
from bioassay_mtl.screening.writers import choose_format
from bioassay_mtl.tables.formulas import FormulaGuard

PAGE = (".html", ".htm")


def check_name(name: str) -> None:
    """Raise an OutputError or a ConfigError where a file of a name could not be written."""
    if not name.lower().endswith(PAGE):
        choose_format(None, name)


def write_picked(picked: Picked, name: str, sink: BinaryIO, guard: FormulaGuard) -> None:
    """Write a shortlist in the format of a file's name; CSV when that says nothing."""
    if name.lower().endswith(PAGE):
        from bioassay_mtl.choosing.page import picked_page

        sink.write(picked_page(picked).encode())
        return
    chosen, cells = choose_format(None, name), dict(picked.cells)
    if chosen.for_spreadsheets:
        for column in picked.columns:
            if column.kind == "text":
                texts = ["" if text is None else text for text in cells[column.name]]
                cells[column.name] = list(guard(texts))
    chosen.write_table(sink, picked.columns, [cells])
