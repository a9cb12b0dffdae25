"""Parts of a data set, read again as the batches that they were written from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import InputError
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import BesideColumn
from bioassay_mtl.screening.parts.plan import Part, Plan, Table
from bioassay_mtl.screening.writers.base import KNOWN, Layout
from bioassay_mtl.screening.writers.parquet import schema_of

if TYPE_CHECKING:
    import pyarrow as pa

CELLS = 2_000_000
"""Cells of a batch that is read: 8 MB of float32."""

_CODES = {status.value: status.code for status in Status}
_BLOCK = 1 << 23


def batches_in(
    file: IO[bytes], part: Part, plan: Plan, *, row_offset: int = 0, new_only: bool = False
) -> Iterator[ScreenedBatch]:
    """The batches of a part, in order.

    Parameters
    ----------
    file, part, plan
        Open file of the part; the part; the plan that it is of.
    row_offset
        Added to the numbers of its rows.
    new_only
        Whether molecules that the model was trained on are no hits.

    Raises
    ------
    InputError
        The file is damaged.
    """
    import pyarrow as pa

    layout, due = plan.table.layout(), part.first_row
    rows = max(1, CELLS // len(layout.columns))
    try:
        for cells in _READERS[plan.suffix](file, schema_of(layout), rows):
            _check_place(cells, due, part.file if layout.with_file else "")
            due += len(cells)
            yield _batch(cells, part, plan.table, layout, row_offset, new_only)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise InputError(f"cannot be read: {error}", file=f"{part.name}{plan.suffix}") from error


def _batch(
    cells: pa.RecordBatch,
    part: Part,
    table: Table,
    layout: Layout,
    row_offset: int,
    new_only: bool,
) -> ScreenedBatch:
    status = np.array([_CODES[name] for name in cells["status"].to_pylist()], np.uint8)
    known = cells[KNOWN].fill_null(False).to_numpy(zero_copy_only=False)
    return ScreenedBatch(
        first_row=cells["row"][0].as_py() + row_offset,
        file=part.file,
        ids=cells["id"].fill_null("").to_pylist(),
        smiles=cells["smiles"].fill_null("").to_pylist(),
        status=status,
        probabilities=_reals(cells, layout.assays),
        in_training=known if table.knows_training else None,
        new_only=new_only,
        beside={column.name: _beside(cells, column, layout) for column in layout.beside},
    )


def _check_place(cells: pa.RecordBatch, due: int, file: str) -> None:
    """Raise a ValueError where records are not the ones due; no file where the table has none."""
    first, last = cells["row"][0].as_py(), cells["row"][len(cells) - 1].as_py()
    found = cells["file"][0].as_py() if file else ""
    is_of_file = found.lstrip("'") == file.lstrip("'")  # one may keep spreadsheets from running it
    if not is_of_file or (first, last) != (due, due + len(cells) - 1):
        raise ValueError(
            f"record {first:,}{found and f' of {found}'} is in the place of record {due:,}"
            f"{file and f' of {file}'} (delete the part and run the screen again, which writes it)"
        )


def _reals(cells: pa.RecordBatch, names: Sequence[str]) -> NDArray[np.float32]:
    columns = [cells[name].to_numpy(zero_copy_only=False) for name in names]
    return np.stack(columns, axis=1).astype(np.float32)


def _beside(cells: pa.RecordBatch, column: BesideColumn, layout: Layout) -> NDArray[Any]:
    if not column.of_assays:
        return _cells(cells[column.name], column)
    own = [_cells(cells[f"{assay}:{column.name}"], column) for assay in layout.assays]
    return np.stack(own, axis=1)


def _cells(found: pa.Array, column: BesideColumn) -> NDArray[Any]:
    """Cells as annotators make them."""
    values = found.to_pylist()
    if column.is_real:
        return np.array([np.nan if v is None else v for v in values], np.float32)
    if column.kind == "text":
        held = np.empty(len(values), object)
        held[:] = [value or "" for value in values]
        return held
    kind = np.int8 if column.kind == "flag" else np.int64
    return np.array([-1 if value is None else int(value) for value in values], kind)


def _parquet(source: IO[bytes], schema: pa.Schema, rows: int) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        yield from file.iter_batches(rows, columns=schema.names)


def _delimited(
    delimiter: str, source: IO[bytes], schema: pa.Schema, rows: int
) -> Iterator[pa.RecordBatch]:
    from pyarrow import csv

    reader = csv.open_csv(
        source,
        csv.ReadOptions(block_size=_BLOCK),
        csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        csv.ConvertOptions(column_types=schema, strings_can_be_null=False),
    )
    yield from (batch for batch in reader if len(batch))


def _lines(source: IO[bytes], schema: pa.Schema, rows: int) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    while some := [json.loads(line) for line in islice(source, rows)]:
        yield pa.RecordBatch.from_pylist(some, schema=schema)


_READERS: dict[str, Callable[[IO[bytes], pa.Schema, int], Iterator[pa.RecordBatch]]] = {
    ".parquet": _parquet,
    ".csv": partial(_delimited, ","),
    ".tsv": partial(_delimited, "\t"),
    ".jsonl": _lines,
}
