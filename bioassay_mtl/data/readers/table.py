"""CSV and TSV files: a header, then one record a row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from bioassay_mtl.chem.status import Status
from bioassay_mtl.data.readers.base import ReadOptions, Record, RecordBatch, batched, readers
from bioassay_mtl.data.readers.columns import further_columns, id_column, smiles_column
from bioassay_mtl.data.readers.detection import delimiter_of
from bioassay_mtl.data.readers.source import MAX_RECORD, Source

_STRIDE = 128


@readers.register("csv")
def read_csv(source: Source, options: ReadOptions) -> Iterator[RecordBatch]:
    """Separated by what the header has most of: commas, semicolons or tabs."""
    delimiter = delimiter_of(source.head(1)[0])
    return batched(_records(source, options, delimiter), "smiles", options)


@readers.register("tsv")
@readers.register("tab")
def read_tsv(source: Source, options: ReadOptions) -> Iterator[RecordBatch]:
    """Tab-separated."""
    return batched(_records(source, options, "\t"), "smiles", options)


def _records(source: Source, options: ReadOptions, delimiter: str) -> Iterator[Record]:
    """A row of too few or too many fields keeps its place, as a malformed one."""
    rows = _rows(source, delimiter)
    header = next(rows) or []
    smiles = smiles_column(header, options.smiles_column, source)
    name = id_column(header, options.id_column, source)
    further = further_columns(header, options.columns, source)
    nothing = ("",) * len(further)
    width = len(header)
    while True:
        with long_fields():
            stride = list(islice(rows, _STRIDE))
        if not stride:
            return
        for row in stride:
            if row is not None and len(row) == width:
                cells = [row[place] for place in further]
                yield "" if name is None else row[name], row[smiles], None, cells
            elif row == []:
                yield "", "", Status.EMPTY, nothing
            else:
                row = row or []
                yield (
                    row[name] if name is not None and name < len(row) else "",
                    row[smiles] if smiles < len(row) else "",
                    Status.MALFORMED_ROW,
                    nothing,
                )


def _rows(source: Source, delimiter: str) -> Iterator[list[str] | None]:
    """Fields of each row; None for a row with text after a closing quote."""
    reader = csv.reader(source.lines(), delimiter=delimiter, strict=True)
    end = 0  # the line on which the last row ended
    while True:
        try:
            for row in reader:
                end = reader.line_num
                yield row
            return
        except csv.Error as error:  # noqa: PERF203 (the reader goes on after it)
            if "expected after" not in str(error):
                raise source.fault("a quoted field opens here and is not closed", end + 1) from None
            end = reader.line_num
            yield None


@contextmanager
def long_fields() -> Iterator[None]:
    """Let the csv module read long fields, without changing its limit for others."""
    before = csv.field_size_limit(MAX_RECORD)
    try:
        yield
    finally:
        csv.field_size_limit(before)
