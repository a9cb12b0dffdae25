"""SMILES files: a SMILES, white space, and the rest of the line as a name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from typing import TYPE_CHECKING

from bioassay_mtl.chem.status import Status
from bioassay_mtl.tables.columns import SMILES_NAMES, plain
from bioassay_mtl.tables.dialect import Dialect
from bioassay_mtl.tables.formats.delimited import open_table
from bioassay_mtl.tables.records import (
    ReadOptions,
    Record,
    RecordBatch,
    TableFormat,
    batched,
    no_columns,
    table_formats,
)
from bioassay_mtl.tables.rows import Row, RowTable, lines_of, whole
from bioassay_mtl.tables.stream import Piece, Source

if TYPE_CHECKING:
    import pyarrow as pa

HEADER = ["smiles", "name"]


def read_smi(source: Source, options: ReadOptions) -> Iterator[RecordBatch]:
    """Every line is a record, a blank one too; a first line such as ``smiles name`` is a header.

    A CXSMILES extension (``|...|``) between SMILES and name is dropped.
    """
    no_columns(source, options)
    header = _header(source)
    lines = islice(source.lines(), bool(header), None)
    return batched(_records(lines, options.table.delimiter), "smiles", options, source)


def _header(source: Source) -> str:
    """The first line, where it names columns: none of the names is a valid SMILES."""
    head = source.head(1)[0]
    first = "" if isinstance(head, Piece) else _record(head)[1]
    return head if plain(first.lstrip("#")) in SMILES_NAMES else ""


def _open(source: Source, options: ReadOptions) -> RowTable:
    """Table of two columns, or of those that a first line with tabs names."""
    if "\t" in (header := _header(source)).strip():
        return open_table(source, Dialect("\t"), options)
    first = bool(header)
    lines = islice(source.lines(), first, None)
    return RowTable(source, HEADER, _rows(lines, options.table.delimiter, 1 + first))


def _table(source: Source, options: ReadOptions) -> pa.Table:
    return whole(_open(source, options))


def _rows(lines: Iterator[str], delimiter: str | None, first: int) -> Iterator[tuple[int, Row]]:
    for line, (name, smiles, problem, _) in enumerate(_records(lines, delimiter), first):
        yield line, problem or ([smiles, name] if smiles or name else [])


def _records(lines: Iterator[str], delimiter: str | None) -> Iterator[Record]:
    for line in lines:
        if not isinstance(line, Piece):
            yield _record(line) if delimiter is None else _separated(line, delimiter)
        elif line.is_last:
            yield "", "", Status.TOO_LONG, ()


def _record(line: str) -> Record:
    if line[0].isspace():
        name = line.lstrip()
        if "\t" in line[: len(line) - len(name)]:  # an empty first column
            return name.rstrip(), "", None, ()
    words = line.split(None, 1)
    if not words:
        return "", "", None, ()
    if len(words) == 1:
        return "", words[0], None, ()
    smiles, name = words
    if name[0] == "|":
        name = name[name.find("|", 1) + 1 :].lstrip()
    return name.rstrip(), smiles, None, ()


def _separated(line: str, delimiter: str) -> Record:
    smiles, _, name = line.partition(delimiter)
    return name.strip(), smiles.strip(), None, ()


def _ends(source: Source, _options: ReadOptions) -> Iterator[int]:
    return count(bool(_header(source)))


smi = TableFormat(read_smi, _table, lines_of(_open), frozenset({"encoding", "delimiter"}), _ends)
for _suffix in ("smi", "smiles", "ism", "can"):
    table_formats.register(_suffix)(smi)
