"""A record longer than one may be keeps its row, and is not held."""

from __future__ import annotations

import csv
import gzip
import io
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import InputError
from bioassay_mtl.tables import read_records
from bioassay_mtl.tables import records as base
from bioassay_mtl.tables import stream as limits
from bioassay_mtl.tables.structures import is_cut

BLOCK = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
LONG = Status.TOO_LONG
Rows = list[tuple[str, str, "Status | None"]]


def read(path: Path, batch_size: int = 3, **options: str) -> Rows:
    rows: Rows = []
    for batch in read_records(path, batch_size=batch_size, **options):  # type: ignore[arg-type]
        assert batch.first_row == len(rows) + 1
        problems = [batch.problems.get(i) for i in range(len(batch))]
        rows += zip(batch.ids, batch.structures, problems, strict=True)
    return rows


@pytest.fixture(params=[7, 1000])
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Records may have so many characters, read in chunks of some bytes."""
    monkeypatch.setattr(limits, "MAX_RECORD", 3000)
    monkeypatch.setattr(limits, "_CHUNK", request.param)
    return 3000


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("packed", [False, True])
def test_lines(small: int, end: str, packed: bool, tmp_path: Path) -> None:
    huge = "C" * 9999
    lines = ["CCO a", f"{huge} b", "CC c", f"C {huge}", f"C {huge}", "", "C d", huge]
    data = end.join(lines).encode()
    path = tmp_path / ("a.smi.gz" if packed else "a.smi")
    path.write_bytes(gzip.compress(data) if packed else data)
    long = ("", "", LONG)
    assert read(path) == [
        ("a", "CCO", None),
        long,
        ("c", "CC", None),
        long,
        long,
        ("", "", None),
        ("d", "C", None),
        long,
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    over=st.lists(st.sampled_from([-2900, -500, -2, -1, 0, 1, 2, 500, 900, 2900]), min_size=1),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
@example(over=[-2500, 500], end="\n")
def test_a_line_is_too_long_wherever_it_stands(
    small: int, over: list[int], end: str, tmp_path: Path
) -> None:
    names = ["n" * (small + more - len("C " + end)) for more in over]
    path = tmp_path / "a.smi"
    path.write_bytes("".join(f"C {name}{end}" for name in names).encode())
    assert read(path) == [
        ("", "", LONG) if more > 0 else (name, "C", None)
        for more, name in zip(over, names, strict=True)
    ]


def test_blocks(small: int, tmp_path: Path) -> None:
    path = tmp_path / "a.sdf"
    note = f"> <note>\n{'x' * 9999}\n\n"
    lines = f"> <note>\n{'xxxx' * 20}\n" * 60
    path.write_text(
        f"a{BLOCK}$$$$\nb{BLOCK}{note}$$$$\nc{BLOCK}{lines}$$$$\nd{BLOCK}$$$$\n"
        f"{'t' * 9999}{BLOCK}$$$$\ne{BLOCK}$$$$\nf{BLOCK}{note}"
    )
    found = read(path)
    assert [(name, problem) for name, _, problem in found] == [
        ("a", None),
        ("b", LONG),
        ("c", LONG),
        ("d", None),
        ("", LONG),
        ("e", None),
        ("f", LONG),
    ]
    assert all(structure == ("" if problem else name + BLOCK) for name, structure, problem in found)


cell = st.one_of(
    st.text('a",\n\r ', max_size=8),
    st.tuples(st.text('ab",\n ', min_size=1, max_size=5), st.integers(400, 2000)).map(
        lambda pair: pair[0] * pair[1]
    ),
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@given(rows=st.lists(st.tuples(cell, cell), max_size=6), end=st.sampled_from(["\n", "\r\n"]))
@example(rows=[("a", '",\n' * 3000), ("b", "c")], end="\n")
@example(rows=[('""' * 2000, "a"), ("b", '\n"' * 1500)], end="\r\n")
def test_rows(small: int, rows: list[tuple[str, str]], end: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    found, expected = io.StringIO(newline=""), list[tuple[str, str, "Status | None"]]()
    writer = csv.writer(found, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "smiles"])
    for row in rows:
        before = found.tell()
        writer.writerow(row)
        invalid = Status.INVALID_SMILES if is_cut(row[1]) else None
        is_long = found.tell() - before > small
        expected.append(("", "", LONG) if is_long else (*row, invalid))
    path.write_bytes(found.getvalue().encode())
    assert read(path) == expected


def test_rows_without_quotes(small: int, tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(f'smiles\tid\nC"C\ta\n{"x" * 5000}\t"b"\nCC\tc\nC\t{"d" * 5000}"\nCC\te\n')
    long = ("", "", LONG)
    assert read(path) == [("a", 'C"C', None), long, ("c", "CC", None), long, ("e", "CC", None)]


def test_an_open_quote_is_an_error_however_much_follows(small: int, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('smiles,id\nC,a\nC,"b\n' + "C,c\n" * 9999)
    with pytest.raises(InputError, match="a quoted field opens here and is not closed"):
        read(path)
    path.write_text("smiles," * 1000 + "\nC\n")
    with pytest.raises(InputError, match=r"line 1: a header of more than 3,000 bytes"):
        read(path)


@pytest.mark.parametrize("dictionary", [False, True])
def test_cells_of_parquet(
    small: int, dictionary: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bioassay_mtl.tables.formats import parquet

    monkeypatch.setattr(parquet, "MAX_BATCH", 4000)
    path = tmp_path / "a.parquet"
    ids = ["a", "b" * 5000, None, "d", "e" * 2900, "f" * 2900]
    smiles = ["C", "CC", "CCC", "C" * 5000, None, "C"]
    pq.write_table(pa.table({"id": ids, "smiles": smiles}), path, use_dictionary=dictionary)
    assert read(path, batch_size=100) == [
        ("a", "C", None),
        ("", "", LONG),
        ("", "CCC", None),
        ("", "", LONG),
        ("e" * 2900, "", None),
        ("f" * 2900, "C", None),
    ]


@pytest.mark.parametrize("name", ["a.smi", "a.csv", "a.sdf", "a.parquet"])
def test_batches_hold_so_many_bytes(name: str, tmp_path: Path) -> None:
    path, long = tmp_path / name, "n" * 300_000
    if name == "a.parquet":
        pq.write_table(pa.table({"id": [long] * 40, "smiles": ["C"] * 40}), path)
    elif name == "a.sdf":
        path.write_text(f"{long}{BLOCK}$$$$\n" * 40)
    else:
        head, gap = ("smiles,id\n", ",") if name == "a.csv" else ("", " ")
        path.write_text(head + f"C{gap}{long}\n" * 40)
    batches = list(read_records(path))
    assert sum(map(len, batches)) == 40
    for batch in batches:
        held = sum(map(len, batch.ids)) + sum(map(len, batch.structures))
        assert held <= batch.n_bytes <= base.MAX_BATCH + 2 * len(long) + 1000


MEMORY = """
import resource, sys
from bioassay_mtl.tables import read_records
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
n = long = 0
for batch in read_records(sys.argv[1]):
    n += len(batch)
    long += len(batch.problems)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(n, long, after - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read as on Linux")
@pytest.mark.parametrize("kind", ["names", "line", "cell", "block"])
@pytest.mark.cases(2)
def test_memory_does_not_grow_with_records(kind: str, tmp_path: Path) -> None:
    """200 names of a megabyte; records of 200 megabytes."""
    head, part, end = {
        "names": (b"", b"C " + b"n" * 999_997 + b"\n", b""),
        "line": (b"C ", b"x" * 1_000_000, b"\n"),
        "cell": (b'smiles,id\nC,"', b"x" * 999 + b"\n", b'"\n'),
        "block": (f"a{BLOCK}> <note>\n".encode(), b"x" * 999 + b"\n", b"\n\n$$$$\n"),
    }[kind]
    path = tmp_path / {"cell": "a.csv.gz", "block": "a.sdf.gz"}.get(kind, "a.smi.gz")
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(head)
        for _ in range(200):
            file.write(part * (1_000_000 // len(part)))
        file.write(end)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True
    )
    n, long, kilobytes = map(int, done.stdout.split())
    assert (n, long) == ((200, 0) if kind == "names" else (1, 1))
    assert kilobytes < 100_000
