"""Tables of text: a header, then one record a row, separated by commas, semicolons, tabs, bars."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from bioassay_mtl.chem.status import Status
from bioassay_mtl.tables import stream as limits
from bioassay_mtl.tables.bounded_rows import BoundedLines, long_fields
from bioassay_mtl.tables.cells import NumberFormat, with_numbers
from bioassay_mtl.tables.columns import check_names, names_below, with_elsewhere
from bioassay_mtl.tables.dialect import Dialect, dialect_of
from bioassay_mtl.tables.formats.arrow_csv import NotPlain, read_plain
from bioassay_mtl.tables.odd_bytes import readable
from bioassay_mtl.tables.records import MAX_BATCH, TEXT, ReadOptions, TableFormat, table_formats
from bioassay_mtl.tables.rows import Row, RowTable, ends_of, lines_of, records_of, whole
from bioassay_mtl.tables.stream import Source
from bioassay_mtl.tables.tab_rows import MOST_LINES, tab_rows

if TYPE_CHECKING:
    import pyarrow as pa

_STRIDE = 128
_MARKUP = {
    "JSON": re.compile(r'\s*(?:\{\s*"|\{\s*\}|\[\s*[{[])'),
    "HTML or XML": re.compile(r"\s*<(?:!doctype|\?xml|html|head|body|table)\b", re.IGNORECASE),
}


def _format(usual: str) -> TableFormat:
    """A format whose usual delimiter is this one; empty for what the header has most of."""

    def open_(source: Source, options: ReadOptions) -> RowTable:
        return open_table(source, dialect_of(source, options.table, usual), options)

    def table(source: Source, options: ReadOptions) -> pa.Table:
        dialect = dialect_of(source, options.table, usual)
        found = open_table(source, dialect, options)
        check_names([name for name in found.header if name], source.name, line=1)
        try:
            read = read_plain(source, dialect, found.header)
        except NotPlain:
            read = whole(found)
        return with_elsewhere(with_numbers(read, found.numbers), source.elsewhere)

    ends = ends_of(open_)
    return TableFormat(records_of(open_), table, lines_of(open_), TEXT, ends, blank=MOST_LINES + 1)


table_formats.register("csv")(_format(""))
table_formats.register("tsv")(tabbed := _format("\t"))
table_formats.register("tab")(tabbed)


def open_table(source: Source, dialect: Dialect, options: ReadOptions) -> RowTable:
    """A table of a known dialect.

    Raises
    ------
    InputError
        The header is longer than a record may be.
    """
    before = islice(source.lines(), dialect.n_before)
    n_before = sum(1 for _ in before)
    if dialect.quotes_are_letters:
        rows = tab_rows(source, dialect.delimiter)
    else:
        rows = _strides(source, dialect.delimiter)
    _refuse_markup(source)
    n_above, header = next(rows, (1, list[str]()))
    if not header:
        raise source.fault("there is no header", hint="the first line of a table names its columns")
    if header is Status.MALFORMED_ROW:
        raise source.fault("a header with text behind a closing quote", 1 + n_before)
    if isinstance(header, Status):
        raise source.fault(f"a header of more than {limits.MAX_RECORD:,} bytes", 1 + n_before)
    source.elsewhere = names_below(header, _split(source.opening, n_above + n_before))
    return RowTable(
        source,
        [readable(name) for name in header],
        ((line + n_before, row) for line, row in rows) if n_before else rows,
        NumberFormat.of(options.table, may_be_comma=dialect.delimiter != ","),
        n_above + n_before,
    )


def _split(text: str, n_above: int) -> Iterator[tuple[int, list[str]]]:
    """Fields of each line under the first ones, whatever delimits them, with its number."""
    for line, fields in enumerate(islice(text.splitlines(), n_above, None), n_above + 1):
        yield line, [field.strip('" ') for field in re.split(r"[,;\t|]", fields)]


def _refuse_markup(source: Source) -> None:
    for name, start in _MARKUP.items():
        if start.match(source.opening):
            hint = f"write a table with a header, such as CSV; this begins {source.opening[:20]!r}"
            raise source.fault(f"this looks like {name}, not a table", 1, hint)


def _strides(source: Source, delimiter: str) -> Iterator[tuple[int, Row]]:
    """All rows; the csv module's limit is changed once for some of them, fewer of long ones."""
    lines = BoundedLines(source, delimiter)
    rows = _rows(source, lines, delimiter)
    size = 1  # of the header, behind which rows are whole strides
    while stride := _stride(rows, lines, size):
        yield from stride
        size = _STRIDE


def _stride(
    rows: Iterator[tuple[int, Row]], lines: BoundedLines, size: int
) -> list[tuple[int, Row]]:
    start = lines.n_characters
    stride: list[tuple[int, Row]] = []
    with long_fields():
        for row in islice(rows, size):
            stride.append(row)
            if lines.n_characters - start > MAX_BATCH:
                break
    return stride


def _rows(source: Source, lines: BoundedLines, delimiter: str) -> Iterator[tuple[int, Row]]:
    """Fields of each row, or why there are none: malformed with text after a closing quote."""
    reader: Any = csv.reader(lines, delimiter=delimiter, strict=True)
    end = 0  # the line on which the last row ended
    while True:
        try:
            for row in reader:
                end = lines.n
                yield end, Status.TOO_LONG if lines.is_long else row
                lines.begin()
            return
        except csv.Error as error:  # noqa: PERF203 (the reader goes on after it)
            if "expected after" not in str(error):
                raise source.fault("a quoted field opens here and is not closed", end + 1) from None
            end = lines.n
            yield end, Status.TOO_LONG if lines.is_long else Status.MALFORMED_ROW
            lines.begin()
