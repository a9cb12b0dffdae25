"""Bytes that are not UTF-8: a name's are read all the same, a structure's make it invalid."""

from __future__ import annotations

import logging
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rdkit import Chem

from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import InputError
from bioassay_mtl.tables import read_records
from bioassay_mtl.tables.options import TableOptions
from bioassay_mtl.tables.records import RecordBatch
from bioassay_mtl.tables.table import read_table

BLOCK = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")).encode()
INVALID = Status.INVALID_SMILES


def read(path: Path, **options: str) -> list[tuple[str, str, Status | None]]:
    return [
        (id_, structure, batch.problems.get(i))
        for batch in read_records(path, **options)  # type: ignore[arg-type]
        for i, (id_, structure) in enumerate(zip(batch.ids, batch.structures, strict=True))
    ]


@pytest.fixture(autouse=True)
def _heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)


def test_lines(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.smi"
    path.write_bytes(
        b"CCO S\xe4ure\nC\xe9C b\nCC c\xc2\xb5\xff\nC \x00d\nC\x00C e\n\xe4\tf\nCC \xce\xb1\n"
    )
    assert read(path) == [
        ("Säure", "CCO", None),
        ("b", "CéC", INVALID),
        ("cµÿ", "CC", None),
        ("\ufffdd", "C", None),
        ("e", "C\ufffdC", INVALID),
        ("f", "ä", INVALID),
        ("α", "CC", None),
    ]
    assert "a.smi: bytes that are not UTF-8 in 6 records" in caplog.text


@pytest.mark.parametrize(("name", "gap"), [("a.csv", b","), ("a.tsv", b"\t")])
def test_rows(name: str, gap: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / name
    rows = [b"smiles", b"id", b"n\xf6te"], [b"CCO", b"\xe9\x81", b"x"], [b"C\xff", b"b", b"\0"]
    path.write_bytes(b"\n".join(map(gap.join, rows)) + b"\n")
    assert read(path) == [("é\ufffd", "CCO", None), ("b", "Cÿ", INVALID)]
    (batch,) = read_records(path, columns=("nöte",))
    assert [*batch.columns["nöte"]] == ["x", "\ufffd"]
    assert "in 2 records" in caplog.text


def test_late_in_a_long_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.smi"
    lines = [b"CCO name%d" % n for n in range(3100)]
    lines[3000] = b"CCO na\xefve"
    path.write_bytes(b"\n".join(lines))
    found = read(path)
    assert [id_ for id_, *_ in found] == ["naïve" if n == 3000 else f"name{n}" for n in range(3100)]
    assert all((structure, problem) == ("CCO", None) for _, structure, problem in found)
    assert "in 1 record;" in caplog.text


def test_blocks(tmp_path: Path) -> None:
    path = tmp_path / "a.sdf"
    bad = BLOCK.replace(b" O ", b" \xd6 ")
    note = b"> <id>\n\xfc-1\n\n"
    path.write_bytes(b"S\xe4ure" + BLOCK + b"$$$$\n" + BLOCK + note + b"$$$$\nc" + bad + b"$$$$\n")
    found = read(path)
    assert [(id_, problem) for id_, _, problem in found] == [
        ("Säure", None),
        ("ü-1", None),
        ("c", Status.INVALID_MOLBLOCK),
    ]
    assert Chem.MolToSmiles(Chem.MolFromMolBlock(found[0][1])) == "CCO"


@pytest.mark.parametrize("dictionary", [False, True])
def test_cells_of_parquet(
    dictionary: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def text(*cells: bytes | None) -> pa.Array:
        plain = pa.array(cells, pa.binary())
        return pa.Array.from_buffers(pa.string(), len(plain), plain.buffers())

    path = tmp_path / "a.parquet"
    ids, smiles = text(b"S\xe4ure", b"b", None, b"\xce\xb1"), text(b"CCO", b"C\xff", b"C", None)
    pq.write_table(pa.table({"id": ids, "smiles": smiles}), path, use_dictionary=dictionary)
    assert read(path) == [
        ("Säure", "CCO", None),
        ("b", "Cÿ", INVALID),
        ("", "C", None),
        ("α", "", None),
    ]
    assert "in 2 records" in caplog.text


def test_text_of_utf_8_is_not_touched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.smi"
    path.write_text("CCO α-ethanol µ 中\n", encoding="utf-8")
    assert read(path) == [("α-ethanol µ 中", "CCO", None)]
    assert caplog.text == ""


def test_nuls_of_parquet_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": ["a\0b", "c"], "smiles": ["CCO", "C\0"]}), path)
    assert read(path) == [("a\ufffdb", "CCO", None), ("c", "C\ufffd", INVALID)]


@pytest.mark.parametrize(
    ("file", "header"),
    [("a.csv", "smiles;IC50 (µM)"), ("a.tsv", "smiles\tAktivität"), ("b.csv", "smiles,Größe")],
)
def test_a_header_alone_is_odd(
    file: str, header: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / file
    gap = next(sign for sign in ";\t," if sign in header)
    path.write_text(f"{header}\nCCO{gap}1\nCC{gap}2\n", encoding="cp1252")
    table = read_table(path)
    assert table.column_names == header.split(gap)
    assert table.column(1).to_pylist() == ["1", "2"]
    assert "read as Windows-1252" in caplog.text


@pytest.mark.parametrize("encoding", ["utf-16", "UTF_32"])
@pytest.mark.parametrize("order", ["le", "be"])
def test_wide_text_without_a_mark_in_the_encoding_asked_for(
    encoding: str, order: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("smiles,Größe\nCCO,1\n", encoding=f"{encoding}-{order}")
    found = read_table(path, TableOptions(encoding=encoding)).to_pydict()
    assert found == {"smiles": ["CCO"], "Größe": ["1"]}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_text_that_is_not_in_the_wide_encoding_asked_for(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("smiles,y\nCCO,1\n")
    for read_one in (read_table, read_all):
        with pytest.raises(InputError, match=f"do not look like {encoding}"):
            read_one(path, TableOptions(encoding=encoding))


def read_all(path: Path, options: TableOptions) -> list[RecordBatch]:
    return [*read_records(path, table=options)]
