"""Apache Parquet: full float32 predictions, null where not ok."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import BesideColumn
from bioassay_mtl.screening.writers.base import KNOWN, Columns, Format, Layout, formats

if TYPE_CHECKING:
    import pyarrow as pa

CELLS_IN_GROUP = 4_000_000
"""Cells of one row group: 16 MB of float32, whatever the batch size."""

BYTES_IN_GROUP = 32_000_000
"""Bytes of ids and SMILES after which a row group ends early: all of it waits in memory."""

ROWS_IN_TABLE_GROUP = 1 << 20
BYTES_IN_TABLE_GROUP = 64_000_000
"""Limits of a row group of a ranked table: most tables have one group."""


class ParquetWriter:
    """Row groups that end at a row's number, or by its text: batches leave no trace in the file."""

    def __init__(self, sink: BinaryIO, layout: Layout) -> None:
        import pyarrow.parquet as pq

        self.layout = layout
        self.schema = schema_of(layout)
        self._file = pq.ParquetWriter(
            sink, self.schema, use_dictionary=["file", "status", "assay"], compression="zstd"
        )
        self._group = max(1, CELLS_IN_GROUP // len(layout.columns))
        self._held: list[pa.Table] = []  # of the row group to come
        self._n_rows = self._n_bytes = 0

    def write(self, batch: ScreenedBatch) -> None:
        lengths, cut = self._long(batch) if self.layout.long else self._wide(batch)
        start = 0
        while start < len(lengths):
            stop = start + self._fitting(lengths[start:])
            self._held.append(cut(start, stop))
            self._n_rows += stop - start
            self._n_bytes += int(lengths[start:stop].sum())
            if self._n_rows == self._group or self._n_bytes > BYTES_IN_GROUP:
                self._write_group()
            start = stop

    def _fitting(self, lengths: NDArray[np.int64]) -> int:
        """Number of further rows of the group: it ends with the one that exceeds its bytes."""
        within = np.searchsorted(np.cumsum(lengths), BYTES_IN_GROUP - self._n_bytes, side="right")
        return min(int(within) + 1, self._group - self._n_rows, len(lengths))

    def close(self) -> None:
        if self._n_rows:
            self._write_group()
        self._file.close()

    def _write_group(self) -> None:
        import pyarrow as pa

        self._file.write_table(pa.concat_tables(self._held), row_group_size=self._n_rows)
        self._held, self._n_rows, self._n_bytes = [], 0, 0

    def _leading(self, batch: ScreenedBatch) -> list[Any]:
        file = [[batch.file] * len(batch)] if self.layout.with_file else []
        known = [batch.is_known(at) for at in range(len(batch))]
        own = [column.plain(batch.beside[column.name]) for column in self.layout.of_molecules]
        return [list(batch.rows), *file, batch.ids, batch.smiles, batch.status_names(), known, *own]

    def _wide(self, batch: ScreenedBatch) -> tuple[NDArray[np.int64], Cut]:
        import pyarrow as pa

        missing = None if (ok := batch.ok).all() else ~ok
        columns = [pa.array(p, mask=missing) for p in np.ascontiguousarray(batch.probabilities.T)]
        beside = [
            _arrow(column, batch.beside[column.name][:, assay], ~batch.ok)
            for assay in range(len(self.layout.assays))
            for column in self.layout.of_assays
        ]
        table = pa.table([*self._leading(batch), *columns, *beside], schema=self.schema)
        return _n_bytes(table), lambda start, stop: table.slice(start, stop - start)

    def _long(self, batch: ScreenedBatch) -> tuple[NDArray[np.int64], Cut]:
        import pyarrow as pa

        n_assays = len(self.layout.assays)
        repeats = np.where(batch.ok, n_assays, 1)
        record = np.repeat(np.arange(len(batch)), repeats)
        position = np.arange(len(record)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        missing = ~batch.ok[record]
        fields = [self.schema.field(name) for name in self.layout.leading]
        leading = pa.table(self._leading(batch), schema=pa.schema(fields))
        names = pa.array(self.layout.assays)

        def cut(start: int, stop: int) -> pa.Table:
            at, column, no = record[start:stop], position[start:stop], missing[start:stop]
            assays = names.take(pa.array(column, mask=no))
            predicted = pa.array(batch.probabilities[at, column], mask=no)
            texts = leading.take(pa.array(at)).columns
            beside = [
                _arrow(each, batch.beside[each.name][at, column], no)
                for each in self.layout.of_assays
            ]
            return pa.table([*texts, assays, predicted, *beside], schema=self.schema)

        return _n_bytes(leading)[record], cut


def schema_of(layout: Layout) -> pa.Schema:
    """Columns of a table of predictions, with their types."""
    import pyarrow as pa

    kinds = {"row": pa.int64(), KNOWN: pa.bool_(), layout.predicted: pa.float32()}
    text = {*layout.leading, "assay"} if layout.long else {*layout.leading}
    beside = {name: _arrow_type(column) for name, column in layout.beside_names.items()}
    kinds = {**kinds, **beside}
    return pa.schema(
        [
            (name, kinds.get(name, pa.string() if name in text else pa.float32()))
            for name in layout.columns
        ]
    )


Cut = Callable[[int, int], "pa.Table"]
"""Rows of a batch, from one to before another; made when asked for."""


def _n_bytes(table: pa.Table) -> NDArray[np.int64]:
    """Bytes of each row's id and SMILES."""
    from pyarrow import compute

    id_, smiles = (compute.binary_length(table[name]).to_numpy() for name in ("id", "smiles"))
    return np.asarray(id_ + smiles.astype(np.int64), dtype=np.int64)


def _arrow_type(column: BesideColumn) -> pa.DataType:
    import pyarrow as pa

    if column.is_real:
        return pa.float32()
    return {"count": pa.int64(), "flag": pa.bool_(), "text": pa.string()}[column.kind]


def _arrow(column: BesideColumn, cells: NDArray[Any], no: NDArray[np.bool_]) -> pa.Array:
    """Cells, null where there is nothing or where it is said."""
    import pyarrow as pa

    if column.is_real:
        return pa.array(np.ascontiguousarray(cells), mask=np.isnan(cells) | no)
    plain = pa.array(column.plain(cells), type=_arrow_type(column))
    return plain.take(pa.array(np.arange(len(no)), mask=no))


def write_table(sink: BinaryIO, columns: Sequence[BesideColumn], parts: Iterable[Columns]) -> None:
    """Rows of a table, in row groups that are large but for long texts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(column.name, _arrow_type(column)) for column in columns])
    with pq.ParquetWriter(sink, schema) as file:
        held, n_bytes = schema.empty_table(), 0
        for cells in parts:
            part = pa.table(dict(cells), schema=schema)
            held, n_bytes = pa.concat_tables([held, part]), n_bytes + int(_n_bytes(part).sum())
            if len(held) >= ROWS_IN_TABLE_GROUP or n_bytes > BYTES_IN_TABLE_GROUP:
                file.write_table(held, row_group_size=len(held))
                held, n_bytes = schema.empty_table(), 0
        if len(held):
            file.write_table(held.combine_chunks(), row_group_size=len(held))


formats.register("parquet")(Format(".parquet", ParquetWriter, write_table, is_text=False))
