"""Workbooks."""

from __future__ import annotations

import gzip
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pandas as pd
import pytest

from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import InputError, MissingExtraError
from bioassay_mtl.panels.load import load_panel
from bioassay_mtl.tables import compression, read_records
from bioassay_mtl.tables.formats import excel
from bioassay_mtl.tables.options import TableOptions
from bioassay_mtl.tables.table import line_of, read_table
from tests.needs import extra

openpyxl = extra("openpyxl", "excel")

ROWS: list[list[Any]] = [
    [],
    ["id", "SMILES", "value", "day", "note"],
    [1, "CCO", 5.0, date(2024, 1, 31), None],
    [2.5, "CC", ">7,5 nM", datetime(2024, 1, 31, 12), True],
    [],
    ["c", None, 1e-20],
    [None, "C"],
    [],
]


def write(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_a_sheet_is_a_table_of_text(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsx", {"one": ROWS, "two": [["smiles"], ["N"]]})
    table = read_table(path)
    assert table.column_names == ["id", "SMILES", "value", "day", "note"]
    assert table.to_pylist()[:2] == [
        {"id": "1", "SMILES": "CCO", "value": "5", "day": "2024-01-31", "note": ""},
        {
            **{"id": "2.5", "SMILES": "CC", "value": ">7,5 nM"},
            **{"day": "2024-01-31T12:00:00", "note": "True"},
        },
    ]
    assert [line_of(path, row) for row in range(4)] == [3, 4, 6, 7]
    assert read_table(path, TableOptions(sheet="two")).to_pylist() == [{"smiles": "N"}]


@pytest.mark.parametrize("packed", [False, True])
def test_records_keep_their_places(tmp_path: Path, packed: bool) -> None:
    path = write(tmp_path / "t.xlsx", {"one": ROWS})
    if packed:
        data = path.read_bytes()
        path = tmp_path / "t.xlsx.gz"
        path.write_bytes(gzip.compress(data))
    (batch,) = read_records(path)
    assert batch.ids == ["1", "2.5", "", "c", ""]
    assert batch.structures == ["CCO", "CC", "", "", "C"]
    assert batch.problems == {2: Status.EMPTY}


def test_faults_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "t.xlsx", {"one": ROWS, "none": []})
    with pytest.raises(InputError, match=r"no sheet 'on' \(did you mean 'one'\?\)"):
        read_table(path, TableOptions(sheet="on"))
    with pytest.raises(InputError, match="sheet 'none' is empty"):
        read_table(path, TableOptions(sheet="none"))
    with pytest.raises(InputError, match="a workbook cannot be read from a pipe"):
        list(read_records("-", format="xlsx"))
    for data in (b"smiles\nCC\n", path.read_bytes()[:-100], b"PK\x03\x04"):
        (tmp_path / "u.xlsx").write_bytes(data)
        with pytest.raises(InputError, match="not an Excel workbook that can be read"):
            read_table(tmp_path / "u.xlsx")
    monkeypatch.setattr(excel, "MOST_BYTES", 10)
    with ZipFile(path, "a") as parts:
        parts.writestr("xl/sharedStrings.xml", "x" * 11)
    with pytest.raises(InputError, match="a workbook with too much text"):
        read_table(path)
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'bioassay-mtl\[excel\]'"):
        read_table(path)


def test_a_sheet_out_of_proportion_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "t.xlsx", {"one": [["smiles", "y"], *[["CCO", 1]] * 200]})
    packed = tmp_path / "t.xlsx.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_table(path).num_rows == read_table(packed).num_rows == 200
    monkeypatch.setattr(compression, "FREELY", 1000)
    monkeypatch.setattr(compression, "MAX_RATIO", 2)
    for each in (path, packed):
        with pytest.raises(InputError, match=r"sheet1\.xml unpacks to 0 MB, and at most 0 MB"):
            read_table(each)
        with pytest.raises(InputError, match=r"sheet1\.xml unpacks to 0 MB, and at most 0 MB"):
            list(read_records(each))


def test_other_sheets_are_named_where_the_first_has_no_smiles(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"about": ["x"], "by": ["y"]}).to_excel(book, sheet_name="Read me")
        pd.DataFrame({"smiles": ["CCO"], "y": [1]}).to_excel(book, sheet_name="Data")
    for read_one in (lambda: load_panel([path]), lambda: list(read_records(path))):
        with pytest.raises(InputError, match=r"no SMILES column.*sheet takes another.*'Data'"):
            read_one()


def test_the_row_that_names_the_columns_is_told(tmp_path: Path) -> None:
    rows: list[list[Any]] = [[], ["Project X"], [], ["name", "SMILES", "pIC50"], ["a", "CCO", 5]]
    path = write(tmp_path / "t.xlsx", {"one": rows})
    for read in (lambda: load_panel([path]), lambda: list(read_records(path))):
        with pytest.raises(InputError, match=r"line 4 seems to name the columns"):
            read()
