"""The same measurements, however they are written, are the same panel and the same screen."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bioassay_mtl.panels.read import read_panel
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.tables import read_records
from bioassay_mtl.tables.options import TableOptions
from tests.needs import extra

openpyxl = extra("openpyxl", "excel")

SMILES = ("CCO", "c1ccccc1O", "CC(=O)Nc1ccc(O)cc1", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "[Na+].[Cl-]")
HEADER = ("name", "SMILES", "outcome", "pIC50")
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")

# Letters that all of the encodings have, quotes and separators among them.
name = st.one_of(
    st.text("ab 'ßéµ\",;|()-", max_size=6).map(lambda text: f"a{text}b"),
    st.sampled_from(['"4-(beta)-x', '1-(2"-oxo)', "x, y; z|", '"all"']),
)
row = st.tuples(
    name,
    st.sampled_from(SMILES),
    st.sampled_from(("0", "1", "")),
    st.integers(300, 1100).map(lambda n: f"{n / 100:.2f}") | st.just(""),
)
FIRST = [  # so that both columns are assays whatever follows
    ("a", "CCO", "0", "4.25"),
    ("b", "CCN", "1", "5.50"),
    ("c", "CCC", "1", "7.75"),
    ("d", "CCCC", "0", ""),
]
tables = st.lists(row, max_size=8).map(lambda rows: [*FIRST, *rows])


def looks_utf8(text: bytes) -> bool:
    """Whether some of its characters that are not ASCII happen to be UTF-8."""
    return any(character > "\x7f" for character in text.decode("utf-8", "ignore"))


def text_of(rows: Sequence[Sequence[str]], delimiter: str, comma: bool, quote: int) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=quote)  # type: ignore[arg-type]
    writer.writerow(HEADER)
    for *cells, value in rows:
        writer.writerow([*cells, value.replace(".", ",") if comma else value])
    return buffer.getvalue()


def book_of(rows: Sequence[Sequence[str]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    for *texts, outcome, value in rows:
        numbers = (None if cell == "" else float(cell) for cell in (outcome, value))
        book.active.append([*texts, *numbers])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def parquet_of(rows: Sequence[Sequence[str]]) -> bytes:
    names, smiles, outcomes, values = zip(*rows, strict=True)
    table = pa.table(
        {
            "name": names,
            "SMILES": smiles,
            "outcome": pa.array([int(o) if o else None for o in outcomes], pa.int8()),
            "pIC50": pa.array([float(v) if v else None for v in values], pa.float64()),
        }
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def check(path: Path, rows: Sequence[Sequence[str]], given: str | None = None) -> None:
    names, smiles = [row[0] for row in rows], [row[1] for row in rows]
    panel = read_panel(path, schema=PanelSchema(encoding=given))
    assert (panel.ids, panel.structures, panel.tasks) == (names, smiles, ("outcome", "pIC50"))
    assert [kind.kind for kind in panel.kinds] == ["binary", "regression"]
    expected = np.array([[float(cell or "nan") for cell in r[2:]] for r in rows], np.float32)
    found = np.where(panel.mask, panel.labels, np.nan)
    np.testing.assert_array_equal(found, expected)
    batches = read_records(path, table=TableOptions(encoding=given))
    screened = [pair for b in batches for pair in zip(b.ids, b.structures, strict=True)]
    assert screened == list(zip(names, smiles, strict=True))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=tables,
    suffix=st.sampled_from([".csv", ".tsv", ".txt"]),
    delimiter=st.sampled_from(",;\t|"),
    comma=st.booleans(),
    quote=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(ENCODINGS),
    pack=st.sampled_from(sorted(PACK)),
)
@example(
    rows=[*FIRST, ("aßµb", "CCO", "1", ""), ("aßb", "CCO", "", "")],
    suffix=".csv",
    delimiter="\t",
    comma=False,
    quote=csv.QUOTE_MINIMAL,
    encoding="cp1252",
    pack="",
)
def test_text(
    rows: list[tuple[str, str, str, str]],
    suffix: str,
    delimiter: str,
    comma: bool,
    quote: int,
    encoding: str,
    pack: str,
    tmp_path: Path,
) -> None:
    comma = comma and delimiter != ","
    path = tmp_path / f"table{suffix}{pack}"
    written = text_of(rows, delimiter, comma, quote).encode(encoding)
    path.write_bytes(PACK[pack](written))
    check(path, rows, encoding if encoding == "cp1252" and looks_utf8(written) else None)


@pytest.mark.parametrize("pack", sorted(PACK))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=4
)
@given(rows=tables)
def test_binary_formats(pack: str, rows: list[tuple[str, str, str, str]], tmp_path: Path) -> None:
    for suffix, written in ((".xlsx", book_of(rows)), (".parquet", parquet_of(rows))):
        path = tmp_path / f"table{suffix}{pack}"
        path.write_bytes(PACK[pack](written))
        check(path, rows)
