"""Inputs of every sort: formats by suffix or content, pipes, and files that cannot be read."""

from __future__ import annotations

import gc
import gzip
import io
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from rdkit import Chem

import bioassay_mtl
from bioassay_mtl.errors import BioassayError, InputError
from bioassay_mtl.tables import Held, ReadProgress, read_records
from bioassay_mtl.tables import stream as source_module

ROOT = Path(bioassay_mtl.__file__).resolve().parent.parent
ETHANOL = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
PACKED = gzip.compress(os.urandom(5000).hex().encode())


def read(path: Path | str | Held, **options: str | int | None) -> list[tuple[str, str]]:
    return [
        pair
        for batch in read_records(path, **options)  # type: ignore[arg-type]
        for pair in zip(batch.ids, batch.structures, strict=True)
    ]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.smi", b"", "the file is empty"),
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b"\xef\xbb\xbf", "the file is empty"),
        ("a.sdf", b"", "the file is empty"),
        ("a.txt", b"", "the file is empty"),
        ("a.smi.gz", gzip.compress(b"", mtime=0), "the file is empty"),
        ("a.smi", bytes(range(256)), "line 1: a NUL byte or the like: this is a binary file"),
        ("a.csv", b"PK\x03\x04\x14\0\0\0\x08\0", "a zip archive or an Excel workbook"),
        ("a.smi", b"PAR1\x15\0\x15", r"a Parquet file, not text \(name it .parquet\)"),
        ("a.smi.gz", b"CCO\n", "the name ends in .gz, but the content is not gzip data"),
        ("a.smi.gz", PACKED[:-2000], "the gzip data end too early"),
        ("a.smi.gz", PACKED[:3000] + b"xxxxxxxx" + PACKED[3008:], "the gzip data are damaged"),
        ("a.cvs", b"smiles\nCCO\n", r"unknown suffix '.cvs' \(did you mean 'csv'\?\)"),
    ],
)
def test_unreadable_files_are_named(name: str, data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=message) as error:
        read(path)
    assert str(error.value).startswith(str(path))


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent.smi: no such file"):
        read(tmp_path / "absent.smi")
    with pytest.raises(InputError, match="this is a folder"):
        read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_files_without_permission_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.smi"
    path.write_text("CCO\n")
    path.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        read(path)


def test_text_is_whole_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "_CHUNK", 7)
    path = tmp_path / "a.smi"
    for end in ("\n", "\r\n", "\r"):
        path.write_bytes(f"C\u00e9\u4e2d\U0001f600 x{end}".encode() * 50)
        assert read(path) == [("x", "C\u00e9\u4e2d\U0001f600")] * 50


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"CCO\nCCN x\n", [("", "CCO"), ("x", "CCN")]),
        (b"smiles name\nCCN x\n", [("x", "CCN")]),
        (b"id,smiles\nx,CCN\n", [("x", "CCN")]),
        (b'"SMILES","id"\nCCN,x\n', [("x", "CCN")]),
        (b"id\tsmiles\nx\tCCN\n", [("x", "CCN")]),
        (gzip.compress(b"CCN x\n", mtime=0), [("x", "CCN")]),
        (f"x{ETHANOL}$$$$\n".encode(), [("x", "x" + ETHANOL)]),
    ],
)
def test_content_decides_where_no_suffix_does(
    data: bytes,
    expected: list[tuple[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "a.txt").write_bytes(gzip.decompress(data) if data[0] == 0x1F else data)
    (tmp_path / "a").write_bytes(data)
    assert read(tmp_path / "a.txt") == read(tmp_path / "a") == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))
    assert read("-") == expected


def test_format_overrules_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "a.data"
    path.write_text("smiles\tid\nCCO\tx\n")
    assert read(path, format="tsv") == [("x", "CCO")]
    with pytest.raises(BioassayError, match="unknown input format 'tvs'"):
        read(path, format="tvs")


def test_standard_input_is_a_stream() -> None:
    """The first batch is there before the pipe is closed."""
    code = (
        "from bioassay_mtl.tables import read_records\n"
        "for batch in read_records('-', format='csv'): print(batch.structures, flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"smiles\n" + b"CCO\n" * 1024)
        process.stdin.flush()
        assert process.stdout.readline().count(b"CCO") == 1024
        process.stdin.close()
        assert process.stdout.read() == b""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.smi", b"CCO x\nC y\n"),
        ("a.csv", b"name,smiles\nx,CCO\ny,C\n"),
        ("a", b"smiles\tname\r\nCCO\tx\r\nC\ty\r\n"),
        ("-", b"CCO x\nC y\n"),  # not standard input
        ("a.smi.gz", gzip.compress(b"CCO x\nC y\n")),
    ],
)
def test_a_file_may_be_held_in_memory(name: str, content: bytes) -> None:
    assert read(Held(name, content)) == [("x", "CCO"), ("y", "C")]


def test_what_is_held_is_named_in_faults() -> None:
    with pytest.raises(InputError, match=r"sent\.csv: the file is empty"):
        read(Held("sent.csv", b""))


def test_parquet_needs_a_file() -> None:
    with pytest.raises(InputError, match="standard input: Parquet cannot be read from a pipe"):
        read("-", format="parquet")


@pytest.mark.parametrize("packed", [False, True])
def test_progress_counts_bytes_on_disk(packed: bool, tmp_path: Path) -> None:
    data = b"".join(b"%s C%d\n" % (os.urandom(20).hex().encode(), i) for i in range(80_000))
    path = tmp_path / "a.smi"
    path.write_bytes(gzip.compress(data, 1, mtime=0) if packed else data)
    progress = ReadProgress()
    seen = {progress.done for _ in read_records(path, progress=progress)}
    assert progress.done == progress.total == path.stat().st_size
    assert len(seen) > 2


@pytest.mark.parametrize("suffix", ["smi", "csv", "sdf", "parquet", "xlsx"])
def test_what_was_read_is_not_held_until_garbage_is_looked_for(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"some.{suffix}"
    table = pd.DataFrame({"smiles": ["CCO", "CCN"], "id": ["a", "b"]})
    if suffix == "sdf":
        with Chem.SDWriter(str(path)) as writer:
            for text in table["smiles"]:
                writer.write(Chem.MolFromSmiles(text))
    elif suffix in {"parquet", "xlsx"}:
        write = table.to_parquet if suffix == "parquet" else table.to_excel
        write(path, index=False)
    else:
        table.to_csv(path, index=False, sep=" " if suffix == "smi" else ",")
    gc.collect()
    gc.disable()
    try:
        assert sum(len(batch) for batch in read_records(path)) == 2
        begun = read_records(path, batch_size=1)
        next(begun)
        del begun
        assert not [each for each in gc.get_objects() if type(each) is source_module.Source]
    finally:
        gc.enable()
