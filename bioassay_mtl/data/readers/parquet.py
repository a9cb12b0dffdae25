"""Parquet files: a text column of SMILES, a column of ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bioassay_mtl.data.readers.base import ReadOptions, Record, RecordBatch, batched, readers
from bioassay_mtl.data.readers.columns import further_columns, id_column, smiles_column
from bioassay_mtl.data.readers.source import Source


@readers.register("parquet")
@readers.register("pq")
def read_parquet(source: Source, options: ReadOptions) -> Iterator[RecordBatch]:
    """Reads the columns asked for alone, a batch of rows at a time."""
    if source.is_stdin:
        raise source.fault("Parquet cannot be read from a pipe", hint="give the file's name")
    return batched(_records(source, options), "smiles", options)


def _records(source: Source, options: ReadOptions) -> Iterator[Record]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(source.path) as table:
            header = table.schema_arrow.names
            smiles = header[smiles_column(header, options.smiles_column, source)]
            position = id_column(header, options.id_column, source)
            name = None if position is None else header[position]
            _require_text(table.schema_arrow.field(smiles), source)
            done, total = 0, source.progress.total or 0
            further = [header[place] for place in further_columns(header, options.columns, source)]
            columns = list(dict.fromkeys([smiles, *([] if name is None else [name]), *further]))
            for batch in table.iter_batches(batch_size=options.batch_size, columns=columns):
                structures = batch.column(smiles).to_pylist()
                ids = [None] * len(batch) if name is None else batch.column(name).to_pylist()
                done += len(batch)
                source.progress.done = total * done // table.metadata.num_rows
                cells = [batch.column(column).to_pylist() for column in further]
                rows: Any = zip(*cells, strict=True) if cells else [()] * len(batch)
                for id_, structure, row in zip(ids, structures, rows, strict=True):
                    yield "" if id_ is None else str(id_), structure or "", None, row
    except (ArrowException, OSError) as error:
        raise source.fault(f"not a Parquet file that can be read: {error}") from None


def _require_text(column: Any, source: Source) -> None:
    from pyarrow import types

    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    if not (types.is_string(kind) or types.is_large_string(kind)):
        raise source.fault(
            f"column {column.name!r} holds {kind}, not text", hint="name the SMILES column"
        )
