"""Tables with cells of any length."""

from __future__ import annotations

import csv
import gzip
import os
import sys
from io import BufferedReader, BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from threading import Thread

import pandas as pd
import pyarrow as pa
import pytest

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.clean import write_log
from bioassay_mtl.panels.load import load_panel
from bioassay_mtl.panels.row_log import Outcome
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.tables import read_records
from bioassay_mtl.tables.frame import frame_table
from bioassay_mtl.tables.options import TableOptions
from bioassay_mtl.tables.table import IN_MEMORY, line_of, read_table
from tests.needs import installed

ROWS = [f"{'C' * n}O,{n % 2},note" for n in range(1, 21)]
LONG = 200_000  # the csv module's own limit is 131,072


def write(path: Path, *more: str) -> Path:
    text = "\n".join(["smiles,assay,remark", *ROWS, *more]).encode() + b"\n"
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.mark.parametrize("name", ["panel.csv", "panel.csv.gz"])
@pytest.mark.parametrize("n", [LONG, pytest.param(40_000_000, marks=pytest.mark.soak)])
def test_a_long_cell_is_a_cell(tmp_path: Path, name: str, n: int) -> None:
    path = write(tmp_path / name, f"CCN,1,{'x' * n}", "CCC,0,last")
    before = csv.field_size_limit()
    table = read_table(path)
    assert [len(table.column("remark")[row].as_py()) for row in (19, 20, 21)] == [4, n, 4]
    assert line_of(path, 21) == 23
    assert csv.field_size_limit() == before


def test_a_long_name_of_a_column(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    path.write_text(f"smiles,{'x' * LONG}\nCCO,1\n")
    assert len(read_table(path).column_names[1]) == LONG


@pytest.mark.parametrize("smiles", ["C" * LONG, "C(" * 70_000 + "C" + ")" * 70_000])
def test_a_long_structure_is_logged(tmp_path: Path, smiles: str) -> None:
    path = write(tmp_path / "panel.csv", f"{smiles},1,note")
    loaded = load_panel([path], PanelSchema(), clean=True)
    assert len(loaded.panel) == len(ROWS)
    event = next(e for e in loaded.log.events if e.outcome is Outcome.INVALID_STRUCTURE)
    assert (event.rows.tolist(), len(event.details[0])) == ([20], 80)
    assert len(load_panel([path], PanelSchema()).panel) == len(ROWS) + 1  # training leaves it out


def test_a_long_value_is_logged_or_named(tmp_path: Path) -> None:
    schema = PanelSchema.of({"tasks": {"assay": "binary"}})
    path = write(tmp_path / "panel.csv", f"CCN,{'x' * LONG},note")
    loaded = load_panel([path], schema, clean=True)
    assert loaded.log.counts()[Outcome.UNREADABLE] == 1
    path.write_text(f"smiles,assay\nCCN,{'x' * LONG}\n")
    with pytest.raises(InputError, match="line 2, column 'assay'") as caught:
        load_panel([path], schema)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.xlsx", "a.parquet", "a.smi"])
def test_blanks_around_a_name_are_no_part_of_it(name: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"smiles": ["CCO"], " NR-AR ": ["1"], "log D\t": ["2"]})
    if name == "a.tsv":
        frame.columns = ["smiles", " NR-AR ", "log D  "]
    path = tmp_path / name
    sep = "," if name == "a.csv" else "\t"
    if name.endswith("xlsx"):
        installed("openpyxl", "excel")
        frame.to_excel(path, index=False)
    elif name.endswith("parquet"):
        frame.to_parquet(path, index=False)
    else:
        frame.iloc[:, : None if name != "a.smi" else 2].to_csv(path, index=False, sep=sep)
    table = read_table(path)
    assert table.column_names == ["smiles", "NR-AR", "log D"][: table.num_columns]
    assert table.column(1).to_pylist() == ["1"]
    assert table_of_frame(frame).column_names == ["smiles", "NR-AR", "log D"]
    if name != "a.smi":
        for asked in ("NR-AR", " NR-AR "):
            (batch,) = read_records(path, columns=(asked,))
            assert [*batch.columns[asked]] == ["1"]


def table_of_frame(frame: pd.DataFrame) -> pa.Table:
    return frame_table(frame, IN_MEMORY, TableOptions())


def test_names_that_differ_in_blanks_alone_are_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("smiles,y, y\nCCO,1,0\n")
    with pytest.raises(InputError, match="column 'y' occurs twice"):
        read_table(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"smiles": ["CCO", "CCN"],\n "y": [1, 0]}\n', "looks like JSON"),
        ('[{"smiles": "CCO", "y": 1}]', "looks like JSON"),
        ('[\n  {"smiles": "CCO", "y": 1}\n]', "looks like JSON"),
        ('{"smiles": "CCO", "y": 1}\n{"smiles": "CCN", "y": 0}\n', "looks like JSON"),
        ("<!DOCTYPE html><html><body>Login</body></html>", "looks like HTML or XML"),
        ('smiles,"y" (nM)\nCCO,1\n', "header with text behind a closing quote"),
    ],
)
def test_what_is_no_table_is_called_what_it_looks_like(
    text: str, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        read_table(path)
    with pytest.raises(InputError, match=says):
        list(read_records(path))


def test_places_are_those_of_the_delimiter_that_was_given(tmp_path: Path) -> None:
    rows = [f'{"C" * (row + 1)}O^"two\nlines"^{5 + row / 4}' for row in range(6)]
    rows[3] = rows[3].replace("5.75", "five")
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["smiles^note^pIC50", *rows]))
    schema = PanelSchema(delimiter="^")
    loaded = load_panel([path], schema)
    text = StringIO()
    write_log(loaded.log, text)
    (_, row) = csv.reader(text.getvalue().splitlines())
    assert row == [str(path), "9", "pIC50", Outcome.UNREADABLE.value, "five"]
    path.write_text(path.read_text().replace("5.", "five "))
    with pytest.raises(InputError, match=r"t\.csv, line 3, column 'pIC50'.*found 'five 0'"):
        load_panel([path], schema.changed(tasks={"pIC50": "regression"}))


@pytest.mark.parametrize("title", ["Project X", "Project X,,", "# made,by me,today", "a,b"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_the_line_that_names_the_columns_is_told(tmp_path: Path, title: str, sign: str) -> None:
    rows = ["", "name,SMILES,pIC50", "a,CCO,5", "b,CCN,6"]
    path = tmp_path / "t.csv"
    path.write_text("\n".join([title, *rows]).replace(",", sign))
    for read in (lambda: load_panel([path]), lambda: list(read_records(path))):
        with pytest.raises(InputError, match=r"line 3 seems to name the columns: leave out what"):
            read()


@pytest.mark.parametrize("packed", [False, True])
def test_a_panel_from_a_pipe_is_that_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    """More than a buffer holds; and lines are found after the pipe is at its end."""
    rows = [f"{'C' * n}O,{n / 7:.2f}" for n in range(1, 400)]
    text = "\n".join(["smiles,pIC50", *rows, "CCN,inf"]).encode()
    path = tmp_path / "panel.csv"
    path.write_bytes(text)
    expected = load_panel([path], PanelSchema())
    sent = gzip.compress(text) if packed else text

    pipe = tmp_path / f"pipe.csv{'.gz' if packed else ''}"
    os.mkfifo(pipe)
    Thread(target=pipe.write_bytes, args=[sent], daemon=True).start()
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BufferedReader(BytesIO(sent))))
    for name in (pipe, Path("-")):
        found = load_panel([name], PanelSchema())
        assert found.panel.digest() == expected.panel.digest()
        assert found.panel.structures == expected.panel.structures
        assert line_of(name, 399) == 401
        write_log(found.log, log := StringIO())
        assert [row["line"] for row in csv.DictReader(log.getvalue().splitlines())] == ["401"]


def test_a_file_that_takes_the_place_of_a_pipe_is_read(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    os.mkfifo(path)
    Thread(target=path.write_text, args=["smiles,a\n\nCCO,1\n"], daemon=True).start()
    assert line_of(path, read_table(path).num_rows - 1) == 3
    path.unlink()
    path.write_text("smiles,a\nCCO,1\n")
    assert line_of(path, read_table(path).num_rows - 1) == 2
