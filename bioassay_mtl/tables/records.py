"""Records that every format yields, and the registry of formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bioassay_mtl.chem.molecule import Notation
from bioassay_mtl.chem.status import Status
from bioassay_mtl.registry import Registry
from bioassay_mtl.tables.odd_bytes import is_odd, readable, readable_cells
from bioassay_mtl.tables.options import FOUND_OUT, TableOptions
from bioassay_mtl.tables.portion import Portion
from bioassay_mtl.tables.stream import Source

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Consecutive records of one file.

    Parameters
    ----------
    first_row
        Number of the first record; records count from 1.
    ids
        n names; empty strings where there are none.
    structures
        n SMILES or Mol blocks, as they stood in the file.
    notation
        Notation of the structures.
    problems
        Position in the batch -> status, for records found unusable while reading.
    columns
        n cells of each column that was asked for.
    n_bytes
        About what all of it takes in memory.
    """

    first_row: int
    ids: list[str]
    structures: list[str]
    notation: Notation
    problems: dict[int, Status] = field(default_factory=dict)
    columns: dict[str, Sequence[Any]] = field(default_factory=dict)
    n_bytes: int = 0

    def __len__(self) -> int:
        return len(self.structures)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options of reading.

    Parameters
    ----------
    smiles_column, id_column
        Names of columns (of a property, for the id in an SD file); found by name where None.
    batch_size
        Records a batch at most; a batch of very long records is shorter.
    columns
        Names of further columns to read.
    table
        Options of the table.
    portion
        Portion to read, where it is not all records.
    """

    smiles_column: str | None = None
    id_column: str | None = None
    batch_size: int = 1024
    columns: tuple[str, ...] = ()
    table: TableOptions = FOUND_OUT
    portion: Portion | None = None


@dataclass(frozen=True)
class TableFormat:
    """A format of files of molecules.

    Parameters
    ----------
    records
        Reader of the records, in constant memory.
    table
        All of it as columns: of text, or of the types that the format has.
    lines
        The line, or what the format has for it, on which each row of the table ends.
    heeds
        Settings of :class:`TableOptions` that mean something here.
    ends
        Ends of records, for files that can be cut between lines: the line on which each record
        ends, a blank one's too, and before these the number of lines above the first record.
    is_lined
        Whether each line is a record where no quotes are.
    blank
        Blank lines that are to stand between lines that do not belong together; each is a record.
    groups
        Groups of records, for files that can be cut elsewhere: how many records there are up to
        each cut.
    """

    records: Callable[[Source, ReadOptions], Iterator[RecordBatch]]
    table: Callable[[Source, ReadOptions], pa.Table]
    lines: Callable[[Source, ReadOptions], Iterator[int]]
    heeds: frozenset[str]
    ends: Callable[[Source, ReadOptions], Iterator[int]] | None = None
    is_lined: bool = True
    blank: int = 0
    groups: Callable[[Source], list[int]] | None = None


TEXT = frozenset({"encoding", "delimiter", "decimal", "thousands"})

table_formats: Registry[TableFormat] = Registry("input format")

MAX_BATCH = 2_000_000
"""Characters after which a batch is closed early."""

Record = tuple[str, str, Status | None, Sequence[Any]]
"""Id, structure, why it is known to be unusable (or None), and the cells of further columns."""


def no_columns(source: Source, options: ReadOptions) -> None:
    """Refuse to read further columns from a format that has none.

    Raises
    ------
    InputError
        If some are asked for.
    """
    if options.columns:
        raise source.fault(
            f"the columns {', '.join(options.columns)} are asked for, which this file cannot have",
            hint="give a table (.csv .tsv .parquet) with these columns",
        )


def batched(
    records: Iterable[Record], notation: Notation, options: ReadOptions, source: Source
) -> Iterator[RecordBatch]:
    """Gather records into batches of at most ``options.batch_size``, shorter ones of long records.

    Bytes of `source` that are not UTF-8 become readable; a structure that has some is invalid.
    """
    first_row, rows, n_bytes = 1, list[Record](), 0
    for record in options.portion.of(iter(records)) if options.portion else records:
        if source.has_odd_bytes:
            record = _readable(record, notation, source)
        rows.append(record)
        n_bytes += _n_bytes(record)
        if len(rows) == options.batch_size or n_bytes > MAX_BATCH:
            yield _batch(first_row, rows, notation, options, n_bytes)
            first_row, rows, n_bytes = first_row + len(rows), [], 0
    if rows:
        yield _batch(first_row, rows, notation, options, n_bytes)


def _batch(
    first_row: int, rows: list[Record], notation: Notation, options: ReadOptions, n_bytes: int
) -> RecordBatch:
    ids, structures, problems, cells = zip(*rows, strict=True)
    return RecordBatch(
        first_row,
        list(ids),
        list(structures),
        notation,
        {i: p for i, p in enumerate(problems) if p is not None},
        dict(zip(options.columns, zip(*cells, strict=True), strict=True)),
        n_bytes,
    )


def _n_bytes(record: Record) -> int:
    """About the bytes that a record takes: a character beyond ASCII takes up to four."""
    name, structure, _, cells = record
    n = len(name) + len(structure) if name.isascii() else 4 * len(name) + len(structure)
    return n + sum([len(cell) if isinstance(cell, str) else 8 for cell in cells]) if cells else n


def _readable(record: Record, notation: Notation, source: Source) -> Record:
    name, structure, problem, cells = record
    if not any(map(is_odd, (name, structure, *cells))):
        return record
    source.n_odd_records += 1
    if problem is None and is_odd(_strict_part(structure, notation)):
        problem = Status.INVALID_SMILES if notation == "smiles" else Status.INVALID_MOLBLOCK
    return readable(name), readable(structure), problem, readable_cells(cells)


def _strict_part(structure: str, notation: Notation) -> str:
    """Structure without names and remarks."""
    if notation == "smiles":
        return structure.split(None, 1)[0] if structure.strip() else ""
    return structure.split("\n", 3)[-1]
