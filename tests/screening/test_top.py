from __future__ import annotations

import io

import numpy as np
import pytest

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.top import TopHits, TopWriter
from bioassay_mtl.screening.writers import Layout, formats
from tests.screening.batches import make_batch


def batches(n_batches: int, size: int, n_assays: int) -> list[ScreenedBatch]:
    return [
        make_batch(size, n_assays, first_row=1 + size * i, seed=i, file=f"{i % 2}.smi")
        for i in range(n_batches)
    ]


@pytest.mark.parametrize("k", [1, 3, 40, 1000])
def test_equals_sorting_everything(k: int) -> None:
    parts = batches(8, 25, 5)
    hits = TopHits([f"A{i}" for i in range(5)], k)
    for part in parts:
        hits.add(part)
    table = hits.table()
    everything = np.concatenate([part.probabilities for part in parts])
    for assay in range(5):
        p = everything[:, assay]
        order = np.argsort(-p, kind="stable")[: int((~np.isnan(p)).sum())][:k]
        mine = [i for i, name in enumerate(table["assay"]) if name == f"A{assay}"]
        assert [table["row"][i] for i in mine] == (order + 1).tolist()
        assert [table["rank"][i] for i in mine] == list(range(1, len(order) + 1))
        assert [table["probability"][i] for i in mine] == p[order].tolist()


def test_ties_go_to_the_earlier_row_however_cut() -> None:
    batch = make_batch(12, 1)
    batch.probabilities[batch.ok] = 0.5
    hits = TopHits(["a"], 3)
    hits.add(batch)
    late = make_batch(12, 1, first_row=13)
    late.probabilities[late.ok] = 0.5
    hits.add(late)
    assert hits.table()["row"] == [1, 2, 4]


def test_each_hit_keeps_its_own_molecule() -> None:
    parts = batches(30, 10, 2)
    hits = TopHits(["a", "b"], 2)
    for part in parts:
        hits.add(part)
    table = hits.table()
    for row, file, id, smiles in zip(
        table["row"], table["file"], table["id"], table["smiles"], strict=True
    ):
        part, at = parts[(row - 1) // 10], (row - 1) % 10
        assert (file, id, smiles) == (part.file, part.ids[at], part.smiles[at])


def test_memory_is_bounded_by_the_hits() -> None:
    hits = TopHits(["a"], 2)
    for i in range(200):
        batch = make_batch(3, 1, first_row=1 + 3 * i)
        batch.probabilities[batch.ok] = i / 200  # every batch beats all before it
        hits.add(batch)
    assert len(hits._molecule) <= 2 * 2 + 2


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
