"""Tables with cells of any length."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.load import load_panel
from bioassay_mtl.panels.row_log import Outcome
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.tables.table import line_of, read_table

ROWS = [f"{'C' * n}O,{n % 2},note" for n in range(1, 21)]
LONG = 200_000  # the csv module's own limit is 131,072


def write(path: Path, *more: str) -> Path:
    text = "\n".join(["smiles,assay,remark", *ROWS, *more]).encode() + b"\n"
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.mark.parametrize("name", ["panel.csv", "panel.csv.gz"])
@pytest.mark.parametrize("n", [LONG, 40_000_000])
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
