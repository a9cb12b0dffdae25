"""Parquet files."""

from __future__ import annotations

import errno
import gzip
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bioassay_mtl.errors import InputError
from bioassay_mtl.tables import ReadProgress, compression, read_records, stream
from bioassay_mtl.tables.table import read_table

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


def test_what_unpacks_out_of_proportion_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, packed = tmp_path / "t.parquet", tmp_path / "t.parquet.gz"
    table = pa.table({"smiles": ["C" * 500] * 1000})
    pq.write_table(table, plain, compression="zstd", use_dictionary=False)
    packed.write_bytes(gzip.compress(bytes(2_000_000)))
    whole = tmp_path / "u.parquet.gz"
    whole.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_table(plain).equals(table)
    assert read_table(whole).num_rows == 1000
    monkeypatch.setattr(compression, "FREELY", 300_000)
    monkeypatch.setattr(compression, "MAX_RATIO", 20)
    for read in (read_table, lambda path: list(read_records(path))):
        with pytest.raises(InputError, match=r"t\.parquet\.gz: unpacks to more than 0 MB"):
            read(packed)
    for path in (plain, whole):
        with pytest.raises(InputError, match=r"parquet.*: unpacks to 0 MB, and at most 0 MB"):
            read_table(path)
    monkeypatch.setattr(compression, "MAX_RATIO", 1000)
    assert read_table(plain).equals(table)
    monkeypatch.setattr(compression, "MAX_UNPACKED", 1000)
    with pytest.raises(InputError, match="unpacks to more than"):
        read_table(whole)


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet.gz"
    path.write_bytes(gzip.compress(b"PAR1"))

    class Full(BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(stream, "TemporaryFile", Full)
    with pytest.raises(InputError, match="cannot be unpacked on the disk: No space left"):
        read_table(path)
