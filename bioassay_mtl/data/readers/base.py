"""What every reader yields, and the registry of formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bioassay_mtl.chem.molecule import Notation
from bioassay_mtl.chem.status import Status
from bioassay_mtl.data.readers.source import Source
from bioassay_mtl.registry import Registry


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
        Which of the two.
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
    """How to read.

    Parameters
    ----------
    smiles_column, id_column
        Names of columns (of a property, for the id in an SD file); found by name where None.
    batch_size
        Records a batch at most; a batch of very long records is shorter.
    columns
        Names of further columns to read.
    """

    smiles_column: str | None = None
    id_column: str | None = None
    batch_size: int = 1024
    columns: tuple[str, ...] = ()


Reader = Callable[[Source, ReadOptions], Iterator[RecordBatch]]

readers: Registry[Reader] = Registry("input format")

# Characters after which a batch is closed early, and how many records are read between two looks.
_MAX_CHARACTERS = 8_000_000
_STRIDE = 128


Record = tuple[str, str, Status | None, Sequence[Any]]
"""Id, structure, why it is known to be unusable (or None), and the cells of further columns."""


def no_columns(source: Source, options: ReadOptions) -> None:
    """Refuse to read further columns from a format that has none.

    Raises
    ------
    InputError
        Where some are asked for.
    """
    if options.columns:
        raise source.fault(
            f"the model also reads the columns {', '.join(options.columns)}, which this file "
            "cannot have",
            hint="give a table (.csv .tsv .parquet) with these columns",
        )


def batched(
    records: Iterable[Record], notation: Notation, options: ReadOptions
) -> Iterator[RecordBatch]:
    """Gather records into batches of at most ``options.batch_size``."""
    batch_size = options.batch_size
    records = iter(records)
    first_row = 1
    while True:
        rows: list[Record] = []
        characters = 0
        while len(rows) < batch_size and characters < _MAX_CHARACTERS:
            more = list(islice(records, min(_STRIDE, batch_size - len(rows))))
            if not more:
                break
            rows += more
            characters += sum([len(row[1]) for row in more])
        if not rows:
            return
        ids, structures, problems, cells = zip(*rows, strict=True)
        columns = zip(*cells, strict=True)
        yield RecordBatch(
            first_row,
            list(ids),
            list(structures),
            notation,
            {i: p for i, p in enumerate(problems) if p is not None},
            dict(zip(options.columns, columns, strict=True)),
        )
        first_row += len(rows)
