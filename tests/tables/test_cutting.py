"""Portions of files hold each record once, as it is in the whole."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bioassay_mtl.errors import InputError
from bioassay_mtl.tables import Portion, Readable, cutting, line_index, read_records
from bioassay_mtl.tables.cutting import portions
from bioassay_mtl.tables.line_index import LineIndex
from bioassay_mtl.tables.options import FOUND_OUT, TableOptions

COMMAS = TableOptions(delimiter=",")
ENDS = ("\n", "\r\n", "\r")
PLAIN = st.text('abC1=()# "\u00b5', max_size=6)
CELLS = st.text('aC"\n\r, \u00b5', max_size=6)
BLOCK = "{title}\n\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n"


def records(what: Readable, options: TableOptions, columns: tuple[str, ...] = ()) -> list[Any]:
    """All that is said of each record."""
    found = []
    for batch in read_records(what, table=options, columns=columns, batch_size=3):
        cells = zip(*batch.columns.values(), strict=True) if columns else [()] * len(batch)
        for at, row in enumerate(zip(batch.ids, batch.structures, cells, strict=True)):
            found.append((*row, batch.problems.get(at)))
    return found


def check(
    path: Path, rows: int, options: TableOptions = FOUND_OUT, columns: tuple[str, ...] = ()
) -> list[Portion]:
    """That portions have the whole's records, and say so; the portions."""
    whole = records(str(path), options, columns)
    found = portions(str(path), rows, options)
    parts = [records(portion, options, columns) for portion in found]
    assert [record for part in parts for record in part] == whole
    if len(found) > 1:
        assert [portion.rows for portion in found] == [len(part) for part in parts]
        firsts = [1 + sum(map(len, parts[:at])) for at in range(len(parts))]
        assert [portion.first_row for portion in found] == firsts
    return found


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are cut as large ones are."""
    monkeypatch.setattr(cutting, "HEAD_BYTES", 24)
    monkeypatch.setattr(cutting, "SOUGHT", 2)
    monkeypatch.setattr(line_index, "STRIDE", 3)
    monkeypatch.setattr(line_index, "_CHUNK", 7)
    monkeypatch.setattr(line_index, "_NEAR", 5)


ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@ANY
@given(st.lists(PLAIN, min_size=1), st.sampled_from(ENDS), st.booleans(), st.integers(1, 5))
def test_lines(
    near: None, tmp_path: Path, lines: list[str], end: str, closed: bool, rows: int
) -> None:
    path = tmp_path / "some.smi"
    text = end.join(["smiles name", *lines]) + end * closed
    path.write_bytes(text.encode())
    found = check(path, rows)
    n = len(lines) if closed or lines[-1] else len(lines) - 1
    assert len(found) == max(1, -(-n // rows))


@ANY
@given(
    st.lists(st.tuples(PLAIN, CELLS), min_size=1),
    st.sampled_from(ENDS),
    st.sampled_from((None, '"')),
    st.integers(1, 5),
)
def test_tables_with_quotes_and_line_ends_in_them(
    near: None,
    tmp_path: Path,
    table: list[tuple[str, str]],
    end: str,
    mark: str | None,
    rows: int,
) -> None:
    """The csv module writes the cells; or a quote stands where it may, and is as odd as it is."""
    path = tmp_path / "some.csv"
    if mark is None:
        lines = [f"{a},{b}".replace("\n", "").replace("\r", "") for a, b in table]
    else:
        quoted = ['"' + b.replace('"', '""') + '"' for _, b in table]
        lines = [f"{a.replace(mark, '')},{b}" for (a, _), b in zip(table, quoted, strict=True)]
    path.write_bytes(end.join(["smiles,name", *lines, ""]).encode())
    try:
        records(str(path), COMMAS)
    except InputError:  # a quote that is not closed: no portion can be trusted
        with pytest.raises(InputError, match="is not closed"):
            portions(str(path), rows, COMMAS)
        return
    check(path, rows, COMMAS)


@ANY
@given(st.lists(CELLS, min_size=1), st.integers(1, 5))
def test_tabs(near: None, tmp_path: Path, names: list[str], rows: int) -> None:
    path = tmp_path / "some.tsv"
    lines = [f"CC\t{name}" for name in names]
    path.write_bytes("\n".join(["smiles\tname", *lines, ""]).encode())
    check(path, rows, TableOptions(delimiter="\t"))


@ANY
@given(st.lists(st.booleans(), min_size=1), st.sampled_from(ENDS), st.integers(1, 4))
def test_sd_files(near: None, tmp_path: Path, closed: list[bool], end: str, rows: int) -> None:
    """Some lack the line between two records."""
    path = tmp_path / "some.sdf"
    text = "".join(
        BLOCK.format(title=f"m{at}") + ("> <logp>\n1\n\n$$$$\n" if is_closed else "")
        for at, is_closed in enumerate(closed)
    )
    path.write_bytes(text.replace("\n", end).encode())
    assert len(check(path, rows)) == -(-len(closed) // rows)


@pytest.mark.parametrize("rows", [1, 4, 5, 100])
def test_row_groups(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "some.parquet"
    with pq.ParquetWriter(path, pa.schema([("smiles", "string"), ("id", "int64")])) as file:
        for number, size in enumerate([2, 2, 5, 0, 1, 3]):
            cells = {"smiles": ["C" * (number + 1)] * size, "id": list(range(size))}
            file.write_table(pa.table(cells, file.schema), row_group_size=max(1, size))
    found = check(path, rows)
    assert {1: 5, 4: 3, 5: 3, 100: 1}[rows] == len(found)
    assert all(portion.rows is None or portion.rows <= max(rows, 5) for portion in found)


@pytest.mark.parametrize("kind", ["gzip", "utf-16", "cp1252", "xlsx"])
def test_what_cannot_be_cut_is_one_portion(near: None, tmp_path: Path, kind: str) -> None:
    text = "smiles,name\n" + "".join(f"C,\u00e4{n}\n" for n in range(20))
    path = tmp_path / ("some.csv.gz" if kind == "gzip" else "some.csv")
    options = TableOptions(encoding="cp1252") if kind == "cp1252" else FOUND_OUT
    if kind == "xlsx":
        import pandas as pd

        path = tmp_path / "some.xlsx"
        pd.read_csv(io.StringIO(text)).to_excel(path, index=False)
    else:
        raw = text.encode("utf-8" if kind == "gzip" else kind)
        path.write_bytes(gzip.compress(raw) if kind == "gzip" else raw)
    assert check(path, 3, options) == [Portion(str(path))]


def test_a_portion_is_read_as_the_file_begins(tmp_path: Path, nci_smiles: list[str]) -> None:
    """Separator, columns and decimal commas show in the first lines alone."""
    path = tmp_path / "some.txt"
    lines = ["sep=;", "structure;Name;logd;mol", *(f"{s};a;7,5;x" for s in nci_smiles)]
    lines += [f"{s};,a,b,c,d;7;x" for s in nci_smiles]  # commas are more here
    path.write_text("\ufeff" + "\n".join(lines) + "\n", encoding="utf-8")
    found = check(path, 1200, columns=("logd",))
    assert len(found) == 9
    assert found[-1].start > found[-1].head > cutting.HEAD_BYTES


def test_odd_bytes(tmp_path: Path, nci_smiles: list[str]) -> None:
    path = tmp_path / "some.smi"
    names = [b"S\xe4ure", "µM".encode(), b"a\0b", b"plain"]
    lines = [s.encode() + b" " + names[at % 4] for at, s in enumerate(nci_smiles * 2)]
    path.write_bytes(b"\r\n".join(lines))
    assert len(check(path, 3000)) == 4


@pytest.mark.parametrize("text", [b"", b"a", b"a\n", b"a\r", b"a\r\nb\rc\n\r\n\nd", b"\n" * 30])
def test_lines_end_as_sources_have_it(near: None, text: bytes) -> None:
    lines = text.decode().splitlines(keepends=True)
    index = LineIndex(io.BytesIO(text))
    assert (index.n, index.size) == (len(lines), len(text))
    ends = [len("".join(lines[:at])) for at in range(len(lines) + 1)]
    assert [index.end(at) for at in range(len(lines) + 1)] == ends
    with pytest.raises(ValueError, match="line"):
        index.end(len(lines) + 1)
