"""CSV and TSV files: a header, then one record a row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from bioassay_mtl.chem.status import Status
from bioassay_mtl.tables import stream as limits
from bioassay_mtl.tables.bounded_rows import BoundedLines
from bioassay_mtl.tables.columns import further_columns, id_column, smiles_column
from bioassay_mtl.tables.detection import delimiter_of
from bioassay_mtl.tables.odd_bytes import readable
from bioassay_mtl.tables.records import (
    MAX_BATCH,
    ReadOptions,
    Record,
    RecordBatch,
    batched,
    readers,
)
from bioassay_mtl.tables.stream import Source

Row = list[str] | Status
"""Fields of a row, or why they cannot be had."""

MAX_FIELD = 64 * 1024 * 1024
"""Characters of one cell that the csv module may read; of a screen's records fewer are held."""

_STRIDE = 128


@readers.register("csv")
def read_csv(source: Source, options: ReadOptions) -> Iterator[RecordBatch]:
    """Separated by what the header has most of: commas, semicolons or tabs."""
    delimiter = delimiter_of(source.head(1)[0])
    return batched(_records(source, options, delimiter), "smiles", options, source)


@readers.register("tsv")
@readers.register("tab")
def read_tsv(source: Source, options: ReadOptions) -> Iterator[RecordBatch]:
    """Tab-separated."""
    return batched(_records(source, options, "\t"), "smiles", options, source)


def _records(source: Source, options: ReadOptions, delimiter: str) -> Iterator[Record]:
    """A row of too few or too many fields keeps its place, as a malformed one."""
    lines = BoundedLines(source, delimiter)
    rows = _rows(source, lines, delimiter)
    header = _header(source, rows)
    smiles = smiles_column(header, options.smiles_column, source)
    name = id_column(header, options.id_column, source)
    further = further_columns(header, options.columns, source)
    nothing = ("",) * len(further)
    width = len(header)
    while stride := _stride(rows, lines):
        for row in stride:
            if isinstance(row, Status):
                yield "", "", row, nothing
            elif len(row) == width:
                cells = [row[place] for place in further]
                yield "" if name is None else row[name], row[smiles], None, cells
            elif not row:
                yield "", "", Status.EMPTY, nothing
            else:
                yield (
                    row[name] if name is not None and name < len(row) else "",
                    row[smiles] if smiles < len(row) else "",
                    Status.MALFORMED_ROW,
                    nothing,
                )


def _header(source: Source, rows: Iterator[Row]) -> list[str]:
    with long_fields():
        header = next(rows)
    if header is Status.TOO_LONG:
        raise source.fault(f"a header of more than {limits.MAX_RECORD:,} bytes", 1)
    return [] if isinstance(header, Status) else [readable(name) for name in header]


def _stride(rows: Iterator[Row], lines: BoundedLines) -> list[Row]:
    """Some rows, fewer of long ones: the csv module's limit is changed once for all of them."""
    start = lines.n_characters
    stride: list[Row] = []
    with long_fields():
        for row in islice(rows, _STRIDE):
            stride.append(row)
            if lines.n_characters - start > MAX_BATCH:
                break
    return stride


def _rows(source: Source, lines: BoundedLines, delimiter: str) -> Iterator[Row]:
    """Fields of each row, or why there are none: malformed with text after a closing quote."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    end = 0  # the line on which the last row ended
    while True:
        try:
            for row in reader:
                yield Status.TOO_LONG if lines.is_long else row
                lines.begin()
                end = lines.n
            return
        except csv.Error as error:  # noqa: PERF203 (the reader goes on after it)
            if "expected after" not in str(error):
                raise source.fault("a quoted field opens here and is not closed", end + 1) from None
            yield Status.TOO_LONG if lines.is_long else Status.MALFORMED_ROW
            lines.begin()
            end = lines.n


@contextmanager
def long_fields() -> Iterator[None]:
    """Let the csv module read long fields, without changing its limit for others."""
    before = csv.field_size_limit(MAX_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)
