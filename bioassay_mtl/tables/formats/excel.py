"""Workbooks (``.xlsx``): one sheet, whose first filled row names the columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import MissingExtraError
from bioassay_mtl.tables.cells import NumberFormat
from bioassay_mtl.tables.columns import SAMPLE, check_names, names_below, with_elsewhere
from bioassay_mtl.tables.compression import most_unpacked
from bioassay_mtl.tables.records import ReadOptions, TableFormat, table_formats
from bioassay_mtl.tables.rows import Row, RowTable, lines_of, records_of, whole
from bioassay_mtl.tables.stream import Source
from bioassay_mtl.wording import setting

if TYPE_CHECKING:
    import pyarrow as pa

MOST_BYTES = 128 * 1024 * 1024
"""Unpacked size of a part of a workbook that is held, such as its texts."""

_HELD = ("", "_rels", "docProps", "xl", "xl/_rels", "xl/theme")
"""Folders of such parts; sheets are read by rows, others are not read."""


def open_workbook(source: Source, options: ReadOptions) -> RowTable:
    """A sheet as a table of text.

    Raises
    ------
    MissingExtraError
        openpyxl is not installed.
    InputError
        This is no workbook, the sheet is not there or is empty.
    """
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise MissingExtraError("openpyxl", "excel") from None
    if source.is_stdin:
        raise source.fault("a workbook cannot be read from a pipe", hint="give the file's name")
    file = source.whole()
    try:
        with ZipFile(file) as parts:
            for part in parts.infolist():
                _check_size(part, source)
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except (BadZipFile, KeyError, ValueError, OSError) as error:
        raise source.fault(f"not an Excel workbook that can be read: {error}") from None
    wanted = options.table.sheet
    if wanted is not None and wanted not in book.sheetnames:
        near = did_you_mean(wanted, book.sheetnames)
        raise source.fault(f"no sheet {wanted!r} ({near})", hint=f"{setting('sheet')} names one")
    if wanted is None and len(book.sheetnames) > 1:
        source.elsewhere = (
            f"{setting('sheet')} takes another sheet: {', '.join(map(repr, book.sheetnames[1:]))}"
        )
    sheet = book[wanted] if wanted is not None else book.worksheets[0]
    rows = _rows(sheet)
    header = next((row for _, row in rows if row), None)
    if header is None:
        raise source.fault(f"sheet {sheet.title!r} is empty")
    first = list(islice(rows, SAMPLE))
    if found := names_below(header, first):
        source.elsewhere = found
    rows = chain(first, rows)
    width = len(header)
    numbers = NumberFormat.of(options.table, may_be_comma=True)
    return RowTable(source, header, _of_width(rows, width), numbers)


def _check_size(part: ZipInfo, source: Source) -> None:
    """Raise an InputError where a part unpacks to more than is held, or than is no bomb."""
    is_held = part.filename.rpartition("/")[0] in _HELD
    most = MOST_BYTES if is_held else most_unpacked(part.compress_size)
    if part.file_size > most:
        raise source.fault(
            f"a workbook with too much text: {part.filename} unpacks to {part.file_size >> 20:,} "
            f"MB, and at most {most >> 20:,} MB are read",
            hint="save it as CSV",
        )


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """Cells up to the last that is filled; rows behind the last filled one are none."""
    blank: list[int] = []
    sheet.reset_dimensions()  # some programs write wrong ones
    for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        row = [_text(cell) for cell in cells]
        while row and not row[-1]:
            row.pop()
        if not row:
            blank.append(line)
            continue
        yield from ((number, []) for number in blank)
        blank.clear()
        yield line, row


def _of_width(rows: Iterator[tuple[int, list[str]]], width: int) -> Iterator[tuple[int, Row]]:
    """Rows with the empty cells at their ends that the sheet does not have."""
    for line, row in rows:
        yield line, row + [""] * (width - len(row)) if row else row


def _text(cell: Any) -> str:
    """Text of a cell: a whole number without a point, a day without its midnight."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime) and not (cell.hour or cell.minute or cell.second):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _table(source: Source, options: ReadOptions) -> pa.Table:
    table = open_workbook(source, options)
    check_names([name for name in table.header if name], source.name, line=1)
    return with_elsewhere(whole(table), source.elsewhere)


HEEDS = frozenset({"sheet", "decimal", "thousands"})
excel = TableFormat(records_of(open_workbook), _table, lines_of(open_workbook), HEEDS)
table_formats.register("xlsx")(excel)
table_formats.register("xlsm")(excel)
