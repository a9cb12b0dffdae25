from __future__ import annotations

import io
import resource
import signal
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import ConfigError, OutputError
from bioassay_mtl.screening import spill, top
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.top import TopHits, TopWriter
from bioassay_mtl.screening.writers import Layout, formats
from tests.screening.batches import make_batch


def batches(n_batches: int, size: int, n_assays: int) -> list[ScreenedBatch]:
    return [
        make_batch(size, n_assays, first_row=1 + size * i, seed=i, file=f"{i % 2}.smi")
        for i in range(n_batches)
    ]


def add_all(hits: TopHits, parts: Iterable[ScreenedBatch]) -> None:
    for part in parts:
        hits.add(part)


def table(hits: TopHits) -> dict[str, list[Any]]:
    """All that is written, by column."""
    columns: dict[str, list[Any]] = defaultdict(list)
    for part in hits.tables():
        for name, cells in part.items():
            columns[name] += cells
    return columns


@pytest.mark.parametrize("k", [1, 3, 40, 1000])
def test_equals_sorting_everything(k: int) -> None:
    parts = batches(8, 25, 5)
    hits = TopHits([f"A{i}" for i in range(5)], k)
    for part in parts:
        hits.add(part)
    found = table(hits)
    everything = np.concatenate([part.probabilities for part in parts])
    for assay in range(5):
        p = everything[:, assay]
        order = np.argsort(-p, kind="stable")[: int((~np.isnan(p)).sum())][:k]
        mine = [i for i, name in enumerate(found["assay"]) if name == f"A{assay}"]
        assert [found["row"][i] for i in mine] == (order + 1).tolist()
        assert [found["rank"][i] for i in mine] == list(range(1, len(order) + 1))
        assert [found["probability"][i] for i in mine] == p[order].tolist()


def test_ties_go_to_the_earlier_row_however_cut() -> None:
    batch = make_batch(12, 1)
    batch.probabilities[batch.ok] = 0.5
    hits = TopHits(["a"], 3)
    hits.add(batch)
    late = make_batch(12, 1, first_row=13)
    late.probabilities[late.ok] = 0.5
    hits.add(late)
    assert table(hits)["row"] == [1, 2, 4]


def test_each_hit_keeps_its_own_molecule() -> None:
    parts = batches(30, 10, 2)
    hits = TopHits(["a", "b"], 2)
    for part in parts:
        hits.add(part)
    found = table(hits)
    for row, file, id, smiles in zip(
        found["row"], found["file"], found["id"], found["smiles"], strict=True
    ):
        part, at = parts[(row - 1) // 10], (row - 1) % 10
        assert (file, id, smiles) == (part.file, part.ids[at], part.smiles[at])


def test_memory_is_bounded_by_the_hits() -> None:
    hits = TopHits(["a"], 2)
    for part in rising(200, "n" * 100_000):
        hits.add(part)
    assert len(hits._molecules) < 2 * 1_000_000 + 3 * 100_000
    assert table(hits)["id"] == [f"{'n' * 100_000}{at}" for at in (199 * 3, 199 * 3 + 1)]


def rising(n: int, name: str) -> Iterator[ScreenedBatch]:
    """Batches each of which beats all before it."""
    for i in range(n):
        ids = [f"{name}{3 * i + at}" for at in range(3)]
        batch = replace(make_batch(3, 1, first_row=1 + 3 * i), ids=ids)
        batch.status[:] = Status.OK.code
        batch.probabilities[:] = i / n
        yield batch


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
def test_hits_that_wait_on_the_disk_are_written_as_others(
    file_format: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def written() -> bytes:
        sink = io.BytesIO()
        layout = Layout(tuple("abcde"), with_file=True)
        writer = TopWriter(sink, layout, 40, formats[file_format], tmp_path)
        for part in batches(20, 25, 5):
            writer.write(part)
        writer.close()
        return sink.getvalue()

    in_memory = written()
    monkeypatch.setattr(spill, "MEMORY_BYTES", 100)
    monkeypatch.setattr(spill, "_SLACK", 500)
    monkeypatch.setattr(top, "BYTES_AT_ONCE", 200)
    assert written() == in_memory
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spill, "MEMORY_BYTES", 1000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    hits = TopHits(["a"], 10, tmp_path)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
        with pytest.raises(OutputError, match=r"could not wait in a temporary file in .*too large"):
            add_all(hits, rising(20, "n" * 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    hits.close()


def test_more_hits_than_memory_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(top, "MOST_HITS", 100)
    few = TopHits([f"A{i}" for i in range(5)], 20)
    add_all(few, batches(8, 25, 5))
    few.close()
    many = TopHits([f"A{i}" for i in range(5)], 21)
    with pytest.raises(ConfigError, match=r"top 21 of 5 columns: more than 100 hits"):
        add_all(many, batches(8, 25, 5))


def test_written_table() -> None:
    sink = io.BytesIO()
    writer = TopWriter(sink, Layout(("a", "b")), 1, formats["csv"])
    batch = make_batch(2, 2)
    batch.probabilities[:] = [[0.25, 0.5], [0.125, 1.0]]
    writer.write(batch)
    writer.close()
    assert sink.getvalue().decode().splitlines() == [
        "assay,rank,row,id,smiles,in_training,probability",
        "a,1,1,plain,C,false,0.250000",
        'b,1,2,"say ""hi""",CC,true,1.000000',
    ]


def test_the_lowest_come_first_where_low_is_good() -> None:
    parts = batches(8, 25, 2)
    hits, highest = TopHits(["a", "b"], 7, lowest=["b"]), TopHits(["a", "b"], 7)
    for part in parts:
        hits.add(part)
        highest.add(part)
    found, other = table(hits), table(highest)
    assert found["row"][:7] == other["row"][:7]
    p = np.concatenate([part.probabilities for part in parts])[:, 1]
    order = np.argsort(p, kind="stable")[:7]
    assert found["row"][7:] == (order + 1).tolist()
    assert found["probability"][7:] == p[order].tolist()
