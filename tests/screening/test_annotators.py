from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import BesideColumn
from bioassay_mtl.screening.top import TopWriter
from bioassay_mtl.screening.writers import Layout, formats, text_writer
from bioassay_mtl.screening.writers.base import Writer
from tests.screening.batches import make_batch
from tests.screening.test_writers import TABLES

ASSAYS = ("A-1", 'odd, "name"', "\x01c")
REAL = (
    BesideColumn("spread", "decimals", of_assays=True),
    BesideColumn("low", "decimals", of_assays=True),
)
MIXED = (
    *REAL,
    BesideColumn("known", "flag", of_assays=True),
    BesideColumn("error", "number", of_assays=True),
    BesideColumn("like", "text", of_assays=True),
    BesideColumn("similarity", "decimals"),
    BesideColumn("n", "count"),
    BesideColumn("nearest", "text"),
)
TEXTS = ("", "a,b", '"', "=1+1", "two\nlines", "\x01")


def annotated(batch: ScreenedBatch, columns: tuple[BesideColumn, ...], most: float = 9.0) -> Any:
    """The batch with random cells, every fourth of which holds nothing."""
    rng = np.random.default_rng(len(batch))
    found = {}
    for column in columns:
        shape = batch.probabilities.shape if column.of_assays else len(batch)
        cells: Any = (rng.random(shape) * most).astype(np.float32)
        if column.kind == "text":
            cells = np.array(TEXTS, object)[rng.integers(0, len(TEXTS), shape)]
        elif column.kind in ("flag", "count"):
            cells = rng.integers(-1, 2, shape).astype(np.int8 if column.kind == "flag" else int)
        else:
            cells[rng.random(shape) < 0.25] = np.nan
        found[column.name] = cells
    return replace(batch, beside=found)


def plain(column: BesideColumn, cell: Any) -> Any:
    if column.kind == "text":
        return cell or None
    if column.kind in ("flag", "count"):
        return None if cell < 0 else bool(cell) if column.kind == "flag" else int(cell)
    return None if np.isnan(cell) else float(cell)


def expected(layout: Layout, batches: list[ScreenedBatch]) -> list[dict[str, Any]]:
    """The plain loop that all formats must agree with; predictions and what is beside them."""
    rows = []
    of_assays = [column for column in layout.beside if column.of_assays]
    for b in batches:
        for i in range(len(b)):
            row = {"row": b.first_row + i}
            for column in layout.beside:
                if not column.of_assays:
                    row[column.name] = plain(column, b.beside[column.name][i])
            cells = [
                [
                    float(b.probabilities[i, a]),
                    *(plain(c, b.beside[c.name][i, a]) for c in of_assays),
                ]
                for a in range(len(layout.assays))
            ]
            names = [column.name for column in of_assays]
            if layout.long:
                keys = ["assay", "probability", *names]
                every = zip(layout.assays, cells, strict=True)
                lines = [dict(zip(keys, [a, *own], strict=True)) for a, own in every]
                rows += [row | each for each in (lines if b.ok[i] else [dict.fromkeys(keys)])]
                continue
            wide = {a: own[0] for a, own in zip(layout.assays, cells, strict=True)}
            for assay, own in zip(layout.assays, cells, strict=True):
                beside = zip(names, own[1:], strict=True)
                wide |= {f"{assay}:{name}": cell for name, cell in beside}
            rows.append(row | (wide if b.ok[i] else dict.fromkeys(wide)))
    return rows


def written(name: str, writer: Any, sink: io.BytesIO, batches: list[ScreenedBatch]) -> Any:
    for batch in batches:
        writer.write(batch)
    writer.close()
    data = sink.getvalue()
    if name == "parquet":
        return pq.read_table(io.BytesIO(data)).to_pylist()
    text = data.decode()
    if name == "jsonl":
        return [json.loads(line) for line in text.split("\n")[:-1]]
    delimiter = {"csv": ",", "tsv": "\t"}[name]
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def text(column: BesideColumn | None, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.7g}" if column and column.kind == "number" else f"{value:.6f}"
    return str(value)


def agree(name: str, layout: Layout, found: list[dict[str, Any]], wanted: Any) -> None:
    kinds = {c.name: c for c in layout.beside}
    kinds |= {f"{a}:{c.name}": c for a in layout.assays for c in layout.beside if c.of_assays}
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        for key, value in other.items():
            column = kinds.get(key)
            if name in ("csv", "tsv"):
                assert one[key] == text(column, value)
            elif name == "jsonl" and isinstance(value, float):
                assert one[key] == float(text(column, value))
            else:
                assert one[key] == value


def batches(columns: tuple[BesideColumn, ...], most: float) -> list[ScreenedBatch]:
    parts = (make_batch(20, 3), make_batch(7, 3, first_row=21, seed=1))
    return [annotated(part, columns, most) for part in parts]


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("most", [1.0, 9.0, 1e4])
@pytest.mark.parametrize("columns", [REAL, MIXED], ids=["real", "mixed"])
def test_all_formats_write_what_stands_beside(
    columns: tuple[BesideColumn, ...], most: float, name: str, long: bool
) -> None:
    layout = Layout(ASSAYS[: 2 if most == 1 else 3], long=long, beside=columns)
    parts = [
        replace(
            part,
            probabilities=part.probabilities[:, : len(layout.assays)],
            beside={
                n: c[:, : len(layout.assays)] if c.ndim == 2 else c for n, c in part.beside.items()
            },
        )
        for part in batches(columns, most)
    ]
    sink = io.BytesIO()
    writer: Writer = formats[name].open(sink, layout)
    agree(name, layout, written(name, writer, sink, parts), expected(layout, parts))


@pytest.mark.parametrize("name", TABLES)
def test_the_best_keep_what_stands_beside_them(name: str) -> None:
    layout = Layout(ASSAYS, beside=MIXED)
    parts = batches(MIXED, 1.0)
    sink = io.BytesIO()
    found = written(name, TopWriter(sink, layout, 4, formats[name]), sink, parts)
    every = {
        (str(row["row"]), row["assay"]): row
        for row in expected(replace(layout, long=True), parts)
        if row["assay"]
    }
    assert len(found) == 12
    agree(name, layout, found, [every[str(row["row"]), row["assay"]] for row in found])


def test_numbers_read_alike_however_large_their_neighbors_are() -> None:
    layout = Layout(("a",), beside=(BesideColumn("spread", "decimals", of_assays=True),))
    lines = []
    for other in (0.5, 123.5):
        batch = make_batch(2, 1)
        beside = {"spread": np.array([[0.1234565], [other]], np.float32)}
        sink = io.BytesIO()
        writer = formats["csv"].open(sink, layout)
        writer.write(replace(batch, beside=beside))
        lines.append(sink.getvalue().decode().splitlines()[1])
    assert lines[0] == lines[1]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="two columns would be called 'nearest'"):
        Layout(("nearest",), beside=(BesideColumn("nearest", "text"),))
    Layout(("nearest",), long=True, beside=(BesideColumn("nearest", "text"),))


def test_formulas_beside_predictions_are_looked_at() -> None:
    layout = Layout(("a",), beside=(BesideColumn("nearest", "text"),))
    batch = replace(make_batch(1, 1), beside={"nearest": np.array(["=1+1"], object)})
    formats["csv"].open(io.BytesIO(), layout).write(batch)
    assert layout.guard.found == 1


@pytest.mark.parametrize("name", ["csv", "jsonl"])
@pytest.mark.parametrize("long", [False, True])
def test_a_long_text_changes_no_other_record(
    name: str, long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records near it are written cell by cell, all others at once."""
    layout = Layout(ASSAYS, long=long, beside=(BesideColumn("known", "text", of_assays=True),))
    known = np.full((100, 3), "", object)
    batch = replace(make_batch(100, 3), beside={"known": known})
    first, *_, middle, last = np.flatnonzero(batch.ok)
    known[first], known[middle, 1], known[last, 2] = "active", "active / inactive", "inactive"
    said = []
    for apart in (100, 32, 1):
        monkeypatch.setattr(text_writer, "RECORDS_APART", apart)
        sink = io.BytesIO()
        formats[name].open(sink, layout).write(batch)
        said.append(sink.getvalue())
    assert said[0].count(b"active / inactive") == 1
    assert said[0] == said[1] == said[2]
