"""Batches of an epoch."""

from __future__ import annotations

import pytest
import torch

from bioassay_mtl.training.batches import epoch_batches


@pytest.mark.parametrize(
    ("n_rows", "sizes"),
    [
        (96, [32, 32, 32]),
        (111, [32, 32, 32]),  # 15 rows left: under half of a batch
        (112, [32, 32, 32, 16]),
        (15, [15]),  # the only one stays
        (47, [32]),
    ],
)
def test_a_last_batch_under_half_the_size_is_dropped(n_rows: int, sizes: list[int]) -> None:
    batches = epoch_batches(torch.arange(n_rows), 32, seed=1, epoch=2)
    assert [len(batch) for batch in batches] == sizes
    rows = torch.cat(batches).tolist()
    assert len(set(rows)) == len(rows)


def test_rows_that_were_dropped_come_in_other_epochs() -> None:
    seen = [torch.cat(epoch_batches(torch.arange(47), 32, 0, epoch)) for epoch in range(9)]
    assert set(torch.cat(seen).tolist()) == set(range(47))
