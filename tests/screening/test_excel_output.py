"""Workbooks of a screen: openpyxl reads back numbers as numbers, and text as text."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioassay_mtl.errors import OutputError
from bioassay_mtl.screening.beside import BesideColumn
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from bioassay_mtl.screening.writers import Layout, excel, formats
from tests.needs import extra
from tests.screening.batches import make_batch
from tests.screening.tiny_model import TASKS, tiny_model


def rows(file: Any) -> list[tuple[Any, ...]]:
    book = extra("openpyxl", "excel").load_workbook(file, read_only=True)
    header, *found = book.worksheets[0].iter_rows(values_only=True)
    return [header, *((*row, *[None] * (len(header) - len(row))) for row in found)]


@pytest.mark.parametrize("long", [False, True])
def test_a_screen_reads_back(nci_smiles: list[str], tmp_path: Path, long: bool) -> None:
    smiles = [*nci_smiles[:20], "nomolecule("]
    source = tmp_path / "in.smi"
    source.write_text("".join(f"{text} =id{n}\n" for n, text in enumerate(smiles)))
    model, out = tiny_model(), tmp_path / "out.xlsx"
    extra("openpyxl", "excel")
    screen([source], model, out, ScreenOptions(workers=1, long=long))
    header, *found = rows(out)
    expected = model.predict(smiles)
    if long:
        assert header[-2:] == ("assay", "probability")
        n_ok = int((expected["status"] == "ok").sum())
        assert len(found) == n_ok * len(TASKS) + len(smiles) - n_ok
        return
    assert header == ("row", "id", "smiles", "status", "in_training", *TASKS)
    values = expected[list(TASKS)].to_numpy()
    for n, row in enumerate(found):
        assert row[:4] == (n + 1, f"=id{n}", smiles[n], expected["status"][n])
        if row[3] == "ok":
            assert row[5:] == pytest.approx(tuple(values[n]))
        else:
            assert row[5:] == (None,) * len(TASKS)


def test_the_best_of_each_assay(nci_smiles: list[str], tmp_path: Path) -> None:
    source = tmp_path / "in.smi"
    source.write_text("\n".join(nci_smiles[:30]))
    extra("openpyxl", "excel")
    screen([source], tiny_model(), tmp_path / "top.xlsx", ScreenOptions(workers=1, top=2))
    assert [row[:2] for row in rows(tmp_path / "top.xlsx")[1:]] == [
        (task, rank) for task in TASKS for rank in (1, 2)
    ]


def written(layout: Layout, **changes: Any) -> io.BytesIO:
    sink = io.BytesIO()
    writer = formats["xlsx"].open(sink, layout)
    writer.write(replace(make_batch(2, len(layout.assays)), **changes))
    writer.close()
    return sink


@pytest.mark.parametrize("text", ["=1+1", "+A1", "@x", "\x00\x07", "naïve β", " blanks ", "#N/A"])
def test_text_stays_text(text: str) -> None:
    extra("openpyxl", "excel")
    cells = {"note": np.array([text, "x"], dtype=object)}
    layout = Layout(("a",), beside=(BesideColumn("note", "text"),))
    _, first, _ = rows(written(layout, ids=[text, "x"], beside=cells))
    shown = text.replace("\x00", "\ufffd").replace("\x07", "\ufffd")
    assert (first[1], first[5]) == (shown, shown)


def test_what_no_sheet_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    extra("openpyxl", "excel")
    with pytest.raises(OutputError, match="at most 32,767 characters"):
        written(Layout(("a",)), smiles=["C" * 40_000, "C"])
    with pytest.raises(OutputError, match="at most 16,384 columns"):
        written(Layout(tuple(map(str, range(17_000)))))
    monkeypatch.setattr(excel, "MOST_ROWS", 2)
    with pytest.raises(OutputError, match="at most 2 rows"):
        written(Layout(("a",)))


@pytest.mark.parametrize("long", [False, True])
def test_cells_are_those_of_json_lines(long: bool) -> None:
    extra("openpyxl", "excel")
    beside = (
        BesideColumn("alerts", "text"),
        BesideColumn("mw", "number"),
        BesideColumn("inside", "flag"),
        BesideColumn("spread", "decimals", of_assays=True),
    )
    layout = Layout(("a", "b"), long=long, beside=beside, values=frozenset("b"))
    batch = replace(make_batch(9, 2), ids=list("abcdefghi"))
    rng = np.random.default_rng(0)
    cells = {
        "alerts": np.array(["x", ""] * 4 + ["y"], dtype=object),
        "mw": rng.random(9, dtype=np.float32),
        "inside": np.arange(9, dtype=np.int8) % 3 - 1,
        "spread": rng.random((9, 2), dtype=np.float32),
    }
    cells["spread"][~batch.ok] = np.nan
    batch = replace(batch, beside=cells)
    sink = io.BytesIO()
    writer = formats["jsonl"].open(sink, layout)
    writer.write(batch)
    lines = [json.loads(line) for line in sink.getvalue().decode().splitlines()]
    sink = io.BytesIO()
    writer = formats["xlsx"].open(sink, layout)
    writer.write(batch)
    writer.close()
    header, *found = rows(sink)
    assert list(header) == layout.columns
    for line, row in zip(lines, found, strict=True):
        for key, cell in zip(header, row, strict=True):
            assert cell == (pytest.approx(line[key], abs=1e-5) if cell is not None else None)
            assert (cell is None) == (line[key] in (None, ""))
