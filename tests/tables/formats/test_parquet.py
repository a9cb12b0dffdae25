"""Parquet files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bioassay_mtl.errors import InputError
from bioassay_mtl.tables import ReadProgress, read_records

SMILES = ["CCO", None, "", "c1ccccc1", "CC"] * 20


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]
)
def test_rows_come_back(kind: pa.DataType, tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    ids = [None if i == 3 else i for i in range(len(SMILES))]
    table = pa.table({"cid": ids, "Smiles": pa.array(SMILES, pa.string()).cast(kind)})
    pq.write_table(table, path, row_group_size=17)
    progress = ReadProgress()
    batches = list(read_records(path, batch_size=30, progress=progress))
    assert [batch.first_row for batch in batches] == [1, 31, 61, 91]
    assert [s for batch in batches for s in batch.structures] == [s or "" for s in SMILES]
    assert [i for batch in batches for i in batch.ids] == ["" if i is None else str(i) for i in ids]
    assert progress.done == progress.total == path.stat().st_size


def test_ids_are_optional(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"smiles": ["C", "CC"]}), path)
    (batch,) = read_records(path)
    assert batch.ids == ["", ""]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": ["C"]}, "no SMILES column"),
        ({"smiles": [1.5]}, "column 'smiles' holds double, not text"),
    ],
)
def test_unusable_columns(columns: dict[str, list[object]], message: str, tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises(InputError, match=message):
        list(read_records(path))


@pytest.mark.parametrize("data", [b"", b"PAR1 not really PAR1", b"smiles\nCCO\n"])
def test_damaged_files(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    path.write_bytes(data)
    with pytest.raises(InputError, match="not a Parquet file that can be read") as error:
        list(read_records(path))
    assert str(path) in str(error.value)
