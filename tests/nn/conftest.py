"""Small networks and inputs to try them on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bioassay_mtl.chem.features import PackedBits, SparseRows
from bioassay_mtl.nn.inputs import SparseInput


@pytest.fixture(autouse=True)
def _threads() -> None:
    torch.set_num_threads(1)


def random_input(rng: np.random.Generator, n: int, n_features: int, counts: bool) -> SparseInput:
    """Sparse rows in which some molecules have no feature at all."""
    bits = rng.random((n, n_features)) < 0.3
    bits[n // 2] = False
    rows = PackedBits(np.packbits(bits, axis=1), n_features).sparse_rows()
    values: NDArray[np.float32] | None = None
    if counts:
        values = rng.integers(1, 5, len(rows.indices)).astype(np.float32)
    return SparseInput(SparseRows(rows.offsets, rows.indices, values), n_features)
