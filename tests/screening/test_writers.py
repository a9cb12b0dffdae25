from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from bioassay_mtl.errors import ConfigError, OutputError
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.writers import Layout, choose_format, formats
from tests.screening.batches import make_batch

ASSAYS = ("A-1", 'odd, "name"', "B\t2")
TABLES = ("csv", "tsv", "jsonl", "parquet")
DELIMITERS = {"csv": ",", "tsv": "\t"}
Rows = list[dict[str, Any]]


def write(name: str, layout: Layout, batches: list[ScreenedBatch]) -> bytes:
    sink = io.BytesIO()
    writer = formats[name].open(sink, layout)
    for batch in batches:
        writer.write(batch)
    writer.close()
    return sink.getvalue()


def read(name: str, data: bytes) -> Rows:
    """Rows as the reader of another library gives them; text cells become None or numbers."""
    if name == "parquet":
        rows: Rows = pq.read_table(io.BytesIO(data)).to_pylist()
        return rows
    text = data.decode()
    if name == "jsonl":
        return [json.loads(line) for line in text.split("\n")[:-1]]
    # newline="" so that line breaks inside quoted fields reach the reader as they are
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=DELIMITERS[name]))


def expected(layout: Layout, batches: list[ScreenedBatch], *, text: bool) -> Rows:
    """The plain loop that the writers must agree with."""
    rows: Rows = []
    for b in batches:
        for i in range(len(b)):
            head: dict[str, Any] = {"row": b.first_row + i}
            if layout.with_file:
                head["file"] = b.file
            head |= {"id": b.ids[i], "smiles": b.smiles[i], "status": b.status_names()[i]}
            known = bool(b.in_training[i]) if b.in_training is not None and b.ok[i] else None
            head["in_training"] = known
            cells = [None if np.isnan(p) else float(p) for p in b.probabilities[i]]
            pairs = list(zip(layout.assays, cells, strict=True))
            if not layout.long:
                rows.append(head | dict(pairs))
            elif b.ok[i]:
                rows += [head | {"assay": a, "probability": p} for a, p in pairs]
            else:
                rows.append(head | {"assay": None, "probability": None})
    if text:
        return [
            {
                k: {None: "", True: "true", False: "false"}[v]
                if v is None or isinstance(v, bool)
                else f"{v:.6f}"
                if isinstance(v, float)
                else str(v)
                for k, v in row.items()
            }
            for row in rows
        ]
    return rows


@pytest.fixture
def batches() -> list[ScreenedBatch]:
    return [
        make_batch(20, 3),
        make_batch(7, 3, first_row=21, file='b "2",.smi', seed=1),
        make_batch(4, 3, first_row=28, known=False),
    ]


@pytest.mark.parametrize("with_file", [False, True])
@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("name", ["csv", "tsv"])
def test_delimited_text_reads_back(
    name: str, long: bool, with_file: bool, batches: list[ScreenedBatch]
) -> None:
    layout = Layout(ASSAYS, long=long, with_file=with_file)
    assert read(name, write(name, layout, batches)) == expected(layout, batches, text=True)


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("name", ["jsonl", "parquet"])
def test_typed_formats_read_back(name: str, long: bool, batches: list[ScreenedBatch]) -> None:
    layout = Layout(ASSAYS, long=long, with_file=True)
    found = read(name, write(name, layout, batches))
    wanted = expected(layout, batches, text=False)
    if name == "jsonl":
        wanted = [
            {k: round(v, 6) if isinstance(v, float) else v for k, v in row.items()}
            for row in wanted
        ]
    assert found == wanted


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("name", TABLES)
def test_cutting_into_batches_leaves_no_trace(name: str, long: bool) -> None:
    layout = Layout(tuple("abcd"), long=long)
    whole = make_batch(50, 4)
    parts = [
        ScreenedBatch(
            first_row=1 + start,
            file=whole.file,
            ids=whole.ids[start : start + 7],
            smiles=whole.smiles[start : start + 7],
            status=whole.status[start : start + 7],
            probabilities=whole.probabilities[start : start + 7],
            in_training=None if whole.in_training is None else whole.in_training[start : start + 7],
        )
        for start in range(0, 50, 7)
    ]
    assert write(name, layout, parts) == write(name, layout, [whole])


def test_parquet_row_groups_do_not_follow_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bioassay_mtl.screening.writers.parquet.CELLS_IN_GROUP", 100)
    layout = Layout(("a",))
    batches = [make_batch(13, 1, first_row=1 + 13 * i) for i in range(5)]
    file = pq.ParquetFile(io.BytesIO(write("parquet", layout, batches)))
    sizes = [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)]
    assert sizes == [16, 16, 16, 16, 1]


@pytest.mark.parametrize("size", [1, 3, 7])
def test_parquet_row_groups_end_by_their_bytes(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bioassay_mtl.screening.writers.parquet.BYTES_IN_GROUP", 1000)
    whole = replace(make_batch(21, 1), ids=["n" * 400] * 14 + ["n"] * 7)
    parts = [
        replace(
            whole,
            first_row=1 + start,
            ids=whole.ids[start : start + size],
            smiles=whole.smiles[start : start + size],
            status=whole.status[start : start + size],
            probabilities=whole.probabilities[start : start + size],
            in_training=None,
        )
        for start in range(0, 21, size)
    ]
    data = write("parquet", Layout(("a",)), parts)
    file = pq.ParquetFile(io.BytesIO(data))
    sizes = [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)]
    assert sizes == [3, 3, 3, 3, 9]
    rows = read("parquet", data)
    assert [row["id"] for row in rows] == whole.ids
    assert [row["row"] for row in rows] == list(whole.rows)


@pytest.mark.parametrize("name", TABLES)
def test_no_records_still_make_a_readable_file(name: str) -> None:
    assert read(name, write(name, Layout(ASSAYS), [])) == []


def test_fields_are_quoted_only_where_they_must_be() -> None:
    batch = make_batch(3, 1)
    lines = write("csv", Layout(("a",)), [batch]).decode().splitlines()
    assert lines[0] == "row,id,smiles,status,in_training,a"
    assert lines[1].startswith("1,plain,C,ok,false,0.")
    assert lines[2].startswith('2,"say ""hi""",CC,ok,true,0.')
    assert lines[3] == '3,"a,b",CCC,invalid_smiles,,'


def test_a_batch_without_one_good_record() -> None:
    batch = make_batch(3, 2)
    batch.status[:] = 1
    rows = read("csv", write("csv", Layout(("a", "b")), [batch]))
    assert [(row["status"], row["a"], row["b"]) for row in rows] == [("empty", "", "")] * 3


@pytest.mark.parametrize(
    ("path", "wanted"),
    [("x.csv", "csv"), ("x.tsv.gz", "tsv"), ("x.jsonl", "jsonl"), ("x.parquet", "parquet"),
     ("-", "csv"), ("x", "csv"), ("x.csv.gz", "csv")],
)  # fmt: skip
def test_format_follows_the_name(path: str, wanted: str) -> None:
    assert choose_format(None, path) is formats[wanted]


def test_format_that_is_named_wins() -> None:
    assert choose_format("tsv", "x.csv") is formats["tsv"]


def test_unknown_format_suggests_a_known_one() -> None:
    with pytest.raises(ConfigError, match="did you mean 'parquet'"):
        choose_format("parket", "x")


@pytest.mark.parametrize("path", ["hits.xls", "hits.json.gz", "hits.PQ"])
def test_a_name_promises_no_other_format(path: str) -> None:
    with pytest.raises(OutputError, match=r"no format that is written \(known: .*\.parquet"):
        choose_format(None, path)
    assert choose_format("csv", path) is formats["csv"]


@pytest.mark.parametrize("path", ["-", "x.parquet.gz"])
def test_parquet_needs_a_plain_file(path: str) -> None:
    with pytest.raises(OutputError, match="parquet cannot go to"):
        choose_format("parquet", path)
