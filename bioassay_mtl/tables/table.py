"""A whole table from a file, with faults named by file and line."""

from __future__ import annotations

import logging
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioassay_mtl.tables.cells import NumberFormat, says_numbers, with_numbers
from bioassay_mtl.tables.columns import bare_names, check_names
from bioassay_mtl.tables.detection import chosen
from bioassay_mtl.tables.options import TableOptions, only_table_options
from bioassay_mtl.tables.records import ReadOptions
from bioassay_mtl.tables.stream import Held, Source
from bioassay_mtl.wording import setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

log = logging.getLogger(__name__)

IN_MEMORY = Path("the table")
"""Name in place of the file of a table that was never in one (:mod:`bioassay_mtl.tables.frame`)."""

_piped: dict[str, Held] = {}
"""Content of the pipes that tables came through, by their paths: lines are looked up in it."""


def read_table(path: Path, options: TableOptions | None = None) -> pa.Table:
    """Read a whole file of any format (:func:`bioassay_mtl.tables.read_records` names them).

    Parameters
    ----------
    path
        The file.
    options
        Options of the table, where they are not to be found out.

    Returns
    -------
    pyarrow.Table
        Text files give text columns, an empty cell being an empty text; Parquet keeps its types,
        less nested columns. Of an SD file, SMILES, titles and properties.

    Raises
    ------
    InputError
        If the file is missing, not such a table, or ragged.
    """
    options = only_table_options(options)
    with _table_source(path, options) as source:
        table = chosen(source, options).table(source, ReadOptions(table=options))
        if source.has_odd_bytes:
            log.warning(
                "%s: bytes that are not UTF-8 are read as Windows-1252 (save the file as UTF-8, or "
                "give %s to read all of it as Windows-1252)",
                source.name,
                setting("encoding", "cp1252"),
            )
        if not says_numbers(table):
            table = with_numbers(table, NumberFormat.of(options, may_be_comma=True))
        return _without_blank(with_bare_names(table, source.name, 1), source)


def with_bare_names(table: pa.Table, name: str | Path, line: int | None = None) -> pa.Table:
    """A table less the blanks around the names of its columns.

    Raises
    ------
    InputError
        If two columns have one name then.
    """
    names = bare_names(table.column_names)
    if names == table.column_names:
        return table
    check_names([each for each in names if each], name, line)
    return table.rename_columns(names)


def place_of(path: Path, row: int, options: TableOptions | None = None) -> dict[str, Any]:
    """Place of an :class:`InputError`: file and line of a row, or its number in a table."""
    if path == IN_MEMORY:
        return {"file": f"{path}, row {row} (counted from 0)"}
    return {"file": path, "line": line_of(path, row, options)}


def line_of(path: Path, row: int, options: TableOptions | None = None) -> int:
    """The line in which a row of data ends (both headers and lines count, from 1)."""
    for line in islice(_lines(path, options), row, None):
        return line
    raise IndexError(row)


def lines_of(path: Path, options: TableOptions | None = None) -> list[int]:
    """`line_of` of all rows."""
    return list(_lines(path, options))


def _table_source(path: Path, options: TableOptions) -> Source:
    """A table's file, or what came through a pipe: a table is read more than once."""
    source = Source(path, encoding=options.encoding)
    _piped.pop(str(path), None)
    if not source.is_pipe:
        return source
    with source:
        _piped[str(path)] = source.held()
    return Source(_piped[str(path)], encoding=options.encoding)


def _lines(path: Path, options: TableOptions | None) -> Iterator[int]:
    options = only_table_options(options)
    with Source(_piped.get(str(path), path), encoding=options.encoding) as source:
        yield from chosen(source, options).lines(source, ReadOptions(table=options))


def _without_blank(table: pa.Table, source: Source) -> pa.Table:
    """Leave out columns of spreadsheets that have neither a name nor a cell."""
    import pyarrow.compute as pc

    names = table.column_names  # a list that is made anew each time
    held = [
        place
        for place, name in enumerate(names)
        if name or pc.any(pc.not_equal(table.column(place), "")).as_py()
    ]
    if [names[place] for place in held].count("") > 1:
        hint = source.elsewhere or "the first line of a table names its columns"
        raise source.fault("several columns have no name", 1, hint)
    return table if len(held) == len(names) else table.select(held)
