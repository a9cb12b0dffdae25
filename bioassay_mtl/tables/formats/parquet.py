"""Parquet files: a text column of SMILES, a column of ids, columns of any type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.status import Status
from bioassay_mtl.tables import stream as limits
from bioassay_mtl.tables.cells import NumberFormat
from bioassay_mtl.tables.columns import (
    SAMPLE,
    check_names,
    further_columns,
    id_column,
    smiles_column,
)
from bioassay_mtl.tables.compression import most_unpacked
from bioassay_mtl.tables.formats.parquet_pages import check_pages
from bioassay_mtl.tables.odd_bytes import escaped
from bioassay_mtl.tables.portion import Portion
from bioassay_mtl.tables.records import (
    MAX_BATCH,
    ReadOptions,
    Record,
    RecordBatch,
    TableFormat,
    batched,
    table_formats,
)
from bioassay_mtl.tables.stream import Source
from bioassay_mtl.tables.structures import is_cut

if TYPE_CHECKING:
    import pyarrow as pa

_BUFFER = 1024 * 1024


def read_records(source: Source, options: ReadOptions) -> Iterator[RecordBatch]:
    """Reads the columns asked for alone, a batch of rows at a time."""
    _require_file(source)
    return batched(_records(source, options), "smiles", options, source)


def _records(source: Source, options: ReadOptions) -> Iterator[Record]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        file = source.whole()
        with ParquetFile(file) as table:
            texts = [field.name for field in table.schema_arrow if _is_text(field.type)]
        # A page at a time rather than whole columns, and each text of a dictionary once.
        with ParquetFile(
            file, buffer_size=_BUFFER, pre_buffer=False, read_dictionary=texts
        ) as table:
            header = table.schema_arrow.names
            sample = partial(_sample, table, file, source)
            smiles = header[smiles_column(header, options.smiles_column, sample, source)]
            position = id_column(header, options.id_column, source, but=header.index(smiles))
            name = None if position is None else header[position]
            _require_text(table.schema_arrow.field(smiles), source)
            done, total = 0, source.progress.total or 0
            further = [header[place] for place in further_columns(header, options.columns, source)]
            numbers = NumberFormat.of(options.table, may_be_comma=True)
            formats_of = {c: numbers.settled(sample(header.index(c))) for c in further}
            columns = list(dict.fromkeys([smiles, *([] if name is None else [name]), *further]))
            check_pages(file, table.metadata, set(columns), source)
            n_rows = min(options.batch_size, _rows_at_once(table.metadata, columns))
            groups = _groups(options.portion)
            for batch in table.iter_batches(n_rows, groups, columns=columns):
                done += len(batch)
                source.progress.done = total * done // table.metadata.num_rows
                for part in _bounded(batch):
                    if part is None:
                        yield "", "", Status.TOO_LONG, ("",) * len(further)
                        continue
                    structures = _cells(part.column(smiles), source)
                    ids = [None] * len(part) if name is None else _cells(part.column(name), source)
                    cells = [_numbers(part.column(c), n, source) for c, n in formats_of.items()]
                    rows: Any = zip(*cells, strict=True) if cells else [()] * len(part)
                    for id_, structure, row in zip(ids, structures, rows, strict=True):
                        problem = Status.INVALID_SMILES if structure and is_cut(structure) else None
                        yield "" if id_ is None else str(id_), structure or "", problem, row
    except (ArrowException, OSError) as error:
        raise source.fault(f"not a Parquet file that can be read: {error}") from None


def read_table(source: Source, _options: ReadOptions) -> pa.Table:
    """All columns but nested ones, with their types."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    _require_file(source)
    try:
        file = source.whole()
        check_names(pq.read_schema(file).names, source.name)
        _check_size(pq.read_metadata(file), source)
        file.seek(0)
        table = pq.read_table(file)
    except (pa.ArrowException, OSError) as error:
        raise source.fault(f"not a Parquet table: {error}") from None
    return table.select([f.name for f in table.schema if not pa.types.is_nested(f.type)])


def _check_size(metadata: Any, source: Source) -> None:
    """Raise an InputError where all of a table would be out of proportion to its file."""
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    size = sum(group.total_byte_size for group in groups)
    if size > (most := most_unpacked(source.progress.total)):
        raise source.fault(
            f"unpacks to {size >> 20:,} MB, and at most {most >> 20:,} MB are read of a file of "
            "its size",
            hint="if it is no mistake, write it without compression",
        )


def lines_of(source: Source, _options: ReadOptions) -> Iterator[int]:
    """Rows counted from 1: there are no lines."""
    import pyarrow.parquet as pq

    return iter(range(1, pq.read_metadata(source.whole()).num_rows + 1))


def groups_of(source: Source) -> list[int]:
    """Number of records up to the end of each row group."""
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(source.whole())
    sizes = (metadata.row_group(number).num_rows for number in range(metadata.num_row_groups))
    return list(accumulate(sizes))


def _groups(portion: Portion | None) -> range | None:
    """The row groups that are read; None for all."""
    if portion is None or portion.unit != "row groups":
        return None
    return range(portion.start, portion.stop)


HEEDS = frozenset({"decimal", "thousands"})
parquet = TableFormat(read_records, read_table, lines_of, HEEDS, groups=groups_of)
table_formats.register("parquet")(parquet)
table_formats.register("pq")(parquet)


def _require_file(source: Source) -> None:
    if source.is_stdin:
        raise source.fault("Parquet cannot be read from a pipe", hint="give the file's name")


def _sample(table: Any, file: IO[bytes], source: Source, place: int) -> list[str]:
    """The first cells of a column that holds text."""
    column = table.schema_arrow.field(place)
    check_pages(file, table.metadata, {column.name}, source)
    batch = next(table.iter_batches(batch_size=SAMPLE, columns=[column.name]), None)
    if batch is None or batch.num_columns != 1:
        return []
    return [cell for cell in _cells(batch.column(0), source) if isinstance(cell, str)]


def _numbers(column: Any, numbers: NumberFormat, source: Source) -> list[Any]:
    cells = _cells(column, source)
    return [numbers.plain(cell) if isinstance(cell, str) else cell for cell in cells]


def _rows_at_once(metadata: Any, columns: Sequence[str]) -> int:
    """Rows of the columns that are about as long as a batch may be, at least one."""
    most = 1
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        chunks = (group.column(place) for place in range(group.num_columns))
        sizes = (c.total_uncompressed_size for c in chunks if c.path_in_schema in columns)
        most = max(most, sum(sizes) // max(1, group.num_rows))
    return max(1, MAX_BATCH // most)


def _bounded(batch: Any) -> Iterator[Any]:
    """The rows in parts that may be held at once; None for a row that is too long."""
    lengths = sum(map(_lengths, batch.columns), np.zeros(len(batch), dtype=np.int64))
    if lengths.sum() <= MAX_BATCH:
        yield batch
        return
    for row, length in enumerate(lengths.tolist()):
        yield None if length > limits.MAX_RECORD else batch.slice(row, 1)


def _lengths(column: Any) -> NDArray[np.int64]:
    """Bytes of each cell of text."""
    from pyarrow import compute, types

    if types.is_dictionary(column.type):
        of_each = np.append(_lengths(column.dictionary), 0)
        places = column.indices.fill_null(len(of_each) - 1)
        return np.asarray(of_each[places.to_numpy(zero_copy_only=False)])
    if not _is_text(column.type):
        return np.full(len(column), 8, dtype=np.int64)
    lengths = compute.binary_length(column).fill_null(0)
    return np.asarray(lengths.to_numpy(zero_copy_only=False), dtype=np.int64)


def _cells(column: Any, source: Source) -> list[Any]:
    """Values as Python has them; text that is not UTF-8 with its odd bytes told."""
    import pyarrow as pa

    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        source.has_odd_bytes = True
        plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        raw = plain.cast(pa.large_binary()).to_pylist()
        return [None if each is None else escaped(each) for each in raw]
    if not any(isinstance(each, str) and "\0" in each for each in values):
        return values
    source.has_odd_bytes = True
    return [escaped(each.encode()) if isinstance(each, str) else each for each in values]


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind))


def _require_text(column: Any, source: Source) -> None:
    from pyarrow import types

    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    if not _is_text(kind):
        raise source.fault(
            f"column {column.name!r} holds {kind}, not text", hint="name the SMILES column"
        )
