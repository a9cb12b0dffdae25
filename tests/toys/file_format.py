"""A format of molecules: lines ``NAME = SMILES``."""

from __future__ import annotations

from collections.abc import Iterator

from bioassay_mtl.tables.records import ReadOptions, TableFormat, table_formats
from bioassay_mtl.tables.rows import Row, RowTable, lines_of, records_of, whole
from bioassay_mtl.tables.stream import Source


def _open(source: Source, options: ReadOptions) -> RowTable:
    return RowTable(source, ["smiles", "id"], _rows(source))


def _rows(source: Source) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(source.lines(), 1):
        name, _, smiles = line.partition(" = ")
        yield number, [smiles.strip(), name]


names = TableFormat(
    records_of(_open), lambda *given: whole(_open(*given)), lines_of(_open), frozenset()
)
table_formats.register("names")(names)
