"""One way to the records of all formats."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from bioassay_mtl.errors import counted
from bioassay_mtl.tables.detection import chosen
from bioassay_mtl.tables.options import FOUND_OUT, TableOptions
from bioassay_mtl.tables.portion import Portion
from bioassay_mtl.tables.records import ReadOptions, RecordBatch
from bioassay_mtl.tables.stream import Readable, ReadProgress, Source
from bioassay_mtl.wording import setting

log = logging.getLogger(__name__)


def read_records(
    path: Readable,
    *,
    smiles_column: str | None = None,
    id_column: str | None = None,
    batch_size: int = 1024,
    format: str | None = None,
    columns: tuple[str, ...] = (),
    progress: ReadProgress | None = None,
    table: TableOptions | None = None,
) -> Iterator[RecordBatch]:
    """Stream the records of a file, or of standard input for ``-``, in constant memory.

    Parameters
    ----------
    path
        ``.smi``, ``.csv``, ``.tsv``, ``.tab``, ``.txt``, ``.sdf``, ``.parquet`` or ``.xlsx``, each
        also ``.gz``, ``.bz2``, ``.xz`` or ``.zst``; a file that is held in memory, or some records
        of one.
    smiles_column, id_column
        Names of columns, where they are not among the usual ones.
    batch_size
        Records a batch at most.
    format
        A reader's name, instead of the suffix.
    columns
        Names of further columns to read, of a table.
    progress
        Progress, kept up to date with the bytes read.
    table
        Options of the table, where they are not to be found out.

    Yields
    ------
    RecordBatch
        Every record, in order; one that cannot be used keeps its place, with its status. One of
        more than 4 MiB is ``too_long``, and not held.

    Raises
    ------
    InputError
        If the file cannot be read as a whole; raised while iterating.
    """
    table = table or FOUND_OUT
    portion = path if isinstance(path, Portion) else None
    options = ReadOptions(smiles_column, id_column, batch_size, columns, table, portion)
    with Source(path, progress, table.encoding) as source:
        yield from chosen(source, table, format).records(source, options)
        if source.n_odd_records:
            log.warning(
                "%s: bytes that are not UTF-8 in %s; names are read as Windows-1252 there, and "
                "structures that hold some are invalid (save the file as UTF-8, or give %s to "
                "read all of it as Windows-1252)",
                source.name,
                counted(source.n_odd_records, "record"),
                setting("encoding", "cp1252"),
            )
