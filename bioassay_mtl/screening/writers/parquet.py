"""Apache Parquet: full float32 predictions, null where not ok."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.writers.base import KNOWN, Format, Layout, formats

if TYPE_CHECKING:
    import pyarrow as pa

CELLS_IN_GROUP = 4_000_000
"""Cells of one row group: 16 MB of float32, whatever the batch size."""

BYTES_IN_GROUP = 32_000_000
"""Of ids and SMILES, after which a row group ends early: long ones would be held for all of it."""


class ParquetWriter:
    """Row groups that end at a row's number, or by its text: batches leave no trace in the file."""

    def __init__(self, sink: BinaryIO, layout: Layout) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = {"row": pa.int64(), KNOWN: pa.bool_(), layout.predicted: pa.float32()}
        text = {*layout.leading, "assay"} if layout.long else {*layout.leading}
        self.layout = layout
        self.schema = pa.schema(
            [
                (name, kinds.get(name, pa.string() if name in text else pa.float32()))
                for name in layout.columns
            ]
        )
        self._file = pq.ParquetWriter(
            sink, self.schema, use_dictionary=["file", "status", "assay"], compression="zstd"
        )
        self._group = max(1, CELLS_IN_GROUP // len(layout.columns))
        self._held: list[pa.Table] = []  # of the row group to come
        self._n_rows = self._n_bytes = 0

    def write(self, batch: ScreenedBatch) -> None:
        table = self._long(batch) if self.layout.long else self._wide(batch)
        lengths = _n_bytes(table)
        while len(table):
            rows = self._fitting(lengths)
            self._held.append(table.slice(0, rows))
            self._n_rows += rows
            self._n_bytes += int(lengths[:rows].sum())
            if self._n_rows == self._group or self._n_bytes > BYTES_IN_GROUP:
                self._write_group()
            table, lengths = table.slice(rows), lengths[rows:]

    def _fitting(self, lengths: NDArray[np.int64]) -> int:
        """How many further rows the group takes: it ends with the one that exceeds its bytes."""
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
        return [list(batch.rows), *file, batch.ids, batch.smiles, batch.status_names(), known]

    def _wide(self, batch: ScreenedBatch) -> pa.Table:
        import pyarrow as pa

        missing = None if (ok := batch.ok).all() else ~ok
        columns = [pa.array(p, mask=missing) for p in np.ascontiguousarray(batch.probabilities.T)]
        return pa.table([*self._leading(batch), *columns], schema=self.schema)

    def _long(self, batch: ScreenedBatch) -> pa.Table:
        import pyarrow as pa

        n_assays = len(self.layout.assays)
        repeats = np.where(batch.ok, n_assays, 1)
        record = np.repeat(np.arange(len(batch)), repeats)
        position = np.arange(len(record)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        missing = ~batch.ok[record]
        assays = pa.array(self.layout.assays).take(pa.array(position, mask=missing))
        probability = pa.array(batch.probabilities[record, position], mask=missing)
        leading = [
            pa.array(column, self.schema.field(name).type).take(pa.array(record))
            for name, column in zip(self.layout.leading, self._leading(batch), strict=True)
        ]
        return pa.table([*leading, assays, probability], schema=self.schema)


def _n_bytes(table: pa.Table) -> NDArray[np.int64]:
    """Bytes of each row's id and SMILES."""
    from pyarrow import compute

    id_, smiles = (compute.binary_length(table[name]).to_numpy() for name in ("id", "smiles"))
    return np.asarray(id_ + smiles.astype(np.int64), dtype=np.int64)


def write_table(sink: BinaryIO, columns: Mapping[str, Sequence[Any]]) -> None:
    """A small table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(dict(columns))
    at = len(table.column_names) - 1  # predictions
    name = table.column_names[at]
    table = table.set_column(at, name, table.column(at).cast(pa.float32()))
    at = table.column_names.index(KNOWN)
    table = table.set_column(at, KNOWN, table.column(at).cast(pa.bool_()))
    pq.write_table(table, sink)


formats.register("parquet")(Format(".parquet", ParquetWriter, write_table, is_text=False))
