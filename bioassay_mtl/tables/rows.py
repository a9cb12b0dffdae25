"""Tables that are read row by row: what each format yields, as records and as a whole table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import InputError
from bioassay_mtl.tables.cells import POINTS, NumberFormat
from bioassay_mtl.tables.columns import (
    SAMPLE,
    bare_names,
    further_columns,
    id_column,
    smiles_column,
)
from bioassay_mtl.tables.odd_bytes import readable
from bioassay_mtl.tables.records import ReadOptions, Record, RecordBatch, batched
from bioassay_mtl.tables.stream import Source
from bioassay_mtl.tables.structures import is_cut

if TYPE_CHECKING:
    import pyarrow as pa

Row = list[str] | Status
"""Fields of a row, or why they cannot be had."""

_CHUNK = 8192


@dataclass
class RowTable:
    """An open table.

    Parameters
    ----------
    source
        Source of the table.
    header
        Names of its columns.
    rows
        Each with the line on which it ends; a blank one has no fields.
    numbers
        Format of the numbers in its cells.
    n_above
        Lines above its first row.
    """

    source: Source
    header: list[str]
    rows: Iterator[tuple[int, Row]]
    numbers: NumberFormat = POINTS
    n_above: int = 0

    def sample(self, place: int) -> list[str]:
        """The first cells of a column; :attr:`rows` still begin with them."""
        first = list(islice(self.rows, SAMPLE))
        self.rows = chain(first, self.rows)
        return [row[place] for _, row in first if not isinstance(row, Status) and len(row) > place]


Open = Callable[[Source, ReadOptions], RowTable]


def records_of(open_: Open) -> Callable[[Source, ReadOptions], Iterator[RecordBatch]]:
    """The reader of records, from what opens a table."""

    def read(source: Source, options: ReadOptions) -> Iterator[RecordBatch]:
        return batched(_records(open_(source, options), options), "smiles", options, source)

    return read


def _records(table: RowTable, options: ReadOptions) -> Iterator[Record]:
    """A row of too few or too many fields keeps its place, as a malformed one."""
    header, source = bare_names(table.header), table.source
    smiles = smiles_column(header, options.smiles_column, table.sample, source)
    name = id_column(header, options.id_column, source, but=smiles)
    further = further_columns(header, options.columns, source)
    nothing = ("",) * len(further)
    width = len(header)
    numbers = [table.numbers.settled(table.sample(place)) for place in further]
    for _, row in table.rows:
        if isinstance(row, Status):
            yield "", "", row, nothing
        elif len(row) == width:
            cells = [n.plain(row[place]) for n, place in zip(numbers, further, strict=True)]
            problem = Status.INVALID_SMILES if is_cut(row[smiles]) else None
            yield "" if name is None else row[name], row[smiles], problem, cells
        elif not row:
            yield "", "", Status.EMPTY, nothing
        else:
            yield (
                row[name] if name is not None and name < len(row) else "",
                row[smiles] if smiles < len(row) else "",
                Status.MALFORMED_ROW,
                nothing,
            )


def whole(table: RowTable) -> pa.Table:
    """All rows as columns of text, but blank ones.

    Raises
    ------
    InputError
        A row has too few or too many fields, or two columns have one name.
    """
    import pyarrow as pa

    kind = pa.schema([(name, pa.string()) for name in table.header])
    batches = []
    rows = _checked(table)
    while chunk := list(islice(rows, _CHUNK)):
        if table.source.has_odd_bytes:
            chunk = [[readable(cell) for cell in row] for row in chunk]
        columns = [pa.array(cells, pa.string()) for cells in zip(*chunk, strict=True)]
        batches.append(pa.record_batch(columns, schema=kind))
    return pa.Table.from_batches(batches, kind)


def lines_of(open_: Open) -> Callable[[Source, ReadOptions], Iterator[int]]:
    """Lines on which rows that are not blank end, by what opens a table."""

    def lines(source: Source, options: ReadOptions) -> Iterator[int]:
        return (line for line, row in open_(source, options).rows if row)

    return lines


def ends_of(open_: Open) -> Callable[[Source, ReadOptions], Iterator[int]]:
    """:attr:`TableFormat.ends` of a table, from what opens it."""

    def ends(source: Source, options: ReadOptions) -> Iterator[int]:
        table = open_(source, options)
        return chain([table.n_above], (line for line, _ in table.rows))

    return ends


def _checked(table: RowTable) -> Iterator[Sequence[str]]:
    """Rows that are not blank."""
    width, source = len(table.header), table.source
    for line, row in table.rows:
        if isinstance(row, Status):
            raise _unusable(source, row, line)
        if len(row) == width:
            yield row
        elif row:
            raise source.fault(
                f"{width} columns expected, {len(row)} found", line, source.elsewhere or None
            )


def _unusable(source: Source, why: Status, line: int) -> InputError:
    if why is Status.TOO_LONG:
        return source.fault("a row longer than one may be", line)
    return source.fault("text behind a closing quote", line, "write a quote in a field as two")
