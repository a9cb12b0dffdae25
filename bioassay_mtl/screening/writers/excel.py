"""Workbooks (``.xlsx``): one sheet, its text never a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from bioassay_mtl.errors import MissingExtraError, OutputError
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import BesideColumn
from bioassay_mtl.screening.writers.base import Columns, Format, Layout, formats
from bioassay_mtl.screening.writers.rows import columns_of, rows_of

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell

MOST_ROWS, MOST_COLUMNS, MOST_CHARACTERS = 1_048_576, 16_384, 32_767
"""Limits of a sheet, and of a cell, that Excel opens."""

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Sheet:
    """A sheet that is written row by row, in constant memory.

    Raises
    ------
    MissingExtraError
        openpyxl is not installed.
    OutputError
        There are more rows, columns or characters than a sheet holds.
    """

    def __init__(self, sink: BinaryIO, columns: Sequence[BesideColumn]) -> None:
        try:
            from openpyxl import Workbook
        except ImportError:
            raise MissingExtraError("openpyxl", "excel") from None
        if len(columns) > MOST_COLUMNS:
            raise OutputError(
                f"a sheet has at most {MOST_COLUMNS:,} columns, not {len(columns):,}: choose fewer "
                "assays, or write .csv or .parquet"
            )
        self.sink, self.columns = sink, columns
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet("predictions")
        self._sheet.freeze_panes = "A2"
        self._n_rows, self._is_open = 0, True
        self.add([column.name for column in columns])

    def add(self, row: Iterable[Any]) -> None:
        """Write a row of plain values."""
        self._n_rows += 1
        if self._n_rows > MOST_ROWS:
            raise OutputError(
                f"a sheet has at most {MOST_ROWS:,} rows: write .csv or .parquet, or only the best"
            )
        self._sheet.append([self._cell(value) for value in row])

    def close(self) -> None:
        """Write the file."""
        self._book.save(self.sink)
        self._is_open = False

    def __del__(self) -> None:
        """Give up a sheet that is not to be written, and its temporary file."""
        if getattr(self, "_is_open", False):
            with suppress(Exception):
                self._sheet.close()
                self._sheet._writer.cleanup()

    def _cell(self, value: Any) -> WriteOnlyCell | Any:
        if not isinstance(value, str):
            return value
        if len(value) > MOST_CHARACTERS:
            raise OutputError(
                f"a cell of a sheet has at most {MOST_CHARACTERS:,} characters, not "
                f"{len(value):,} (row {self._n_rows - 1:,}): write .csv or .parquet"
            )
        from openpyxl.cell import WriteOnlyCell

        cell = WriteOnlyCell(self._sheet)
        # Set so, text is no formula, and no error such as #N/A.
        cell._value, cell.data_type = _UNFIT.sub("\ufffd", value), "s"
        return cell


class ExcelWriter:
    """The columns of the other formats; numbers are numbers."""

    def __init__(self, sink: BinaryIO, layout: Layout) -> None:
        self.layout, self._sheet = layout, Sheet(sink, columns_of(layout))

    def write(self, batch: ScreenedBatch) -> None:
        for row in rows_of(batch, self.layout):
            self._sheet.add(row)

    def close(self) -> None:
        self._sheet.close()


def write_table(sink: BinaryIO, columns: Sequence[BesideColumn], parts: Iterable[Columns]) -> None:
    """Rows of a table."""
    sheet = Sheet(sink, columns)
    for part in parts:
        for row in zip(*(part[column.name] for column in columns), strict=True):
            sheet.add(row)
    sheet.close()


formats.register("xlsx")(Format(".xlsx", ExcelWriter, write_table, is_text=False))
