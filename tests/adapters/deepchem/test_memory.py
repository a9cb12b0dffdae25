"""A dataset on disk is never held whole: memory does not grow with its X."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.adapters.deepchem.conftest import SMALL

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")

SHARD, WIDTH = 500, 1024


@pytest.fixture(scope="module")
def on_disk(dc: Any) -> Any:
    """16 shards, 65 MB of ``float64``."""
    rng = np.random.default_rng(0)

    def shards() -> Any:
        for number in range(16):
            x = (rng.random((SHARD, WIDTH)) < 0.05).astype(float)
            y = x[:, :2] + x[:, 2:4] > 0
            ids = np.arange(number * SHARD, (number + 1) * SHARD)
            yield x, y.astype(float), np.ones_like(y, dtype=float), ids

    return dc.data.DiskDataset.create_dataset(shards(), tasks=["a", "b"])


def peak(work: Callable[[], Any]) -> int:
    """Bytes that were held at most, at a time, beyond those before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.soak
def test_a_fit_holds_some_shards(ours: Any, on_disk: Any, monkeypatch: Any) -> None:
    from bioassay_mtl.adapters.deepchem import datasets, predictions

    for module in (datasets, predictions):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", SHARD)
    half = on_disk.select(range(8 * SHARD))
    in_half = 8 * SHARD * WIDTH * 8
    model = ours(2, WIDTH, batch_size=1000, **SMALL)
    model.fit(half, nb_epoch=1)
    work = {
        "fit": lambda data: model.fit(data, nb_epoch=1, checkpoint_interval=0),
        "predict": model.predict,
        "embed": model.predict_embedding,
    }
    for name, of in work.items():
        grown = peak(lambda: of(on_disk)) - peak(lambda: of(half))  # noqa: B023
        assert grown < 0.4 * in_half, name  # which shard is read ahead varies
    assert peak(lambda: on_disk.X) - peak(lambda: half.X) > in_half  # as it was


@pytest.mark.soak
def test_shards_are_as_the_whole(dc: Any, ours: Any, on_disk: Any, monkeypatch: Any) -> None:
    """The same weights, wherever the rows are cut."""
    from bioassay_mtl.adapters.deepchem import datasets

    some = on_disk.select(range(1200))
    found = []
    for rows, data in ((4096, dc.data.NumpyDataset(some.X, some.y, some.w)), (333, some)):
        monkeypatch.setattr(datasets, "ROWS_AT_ONCE", rows)
        model = ours(2, WIDTH, **SMALL)
        model.fit(data, nb_epoch=1)
        found.append(model.predict(some))
    np.testing.assert_array_equal(*found)
