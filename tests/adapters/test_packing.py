"""An array in parts is packed as the whole would be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.adapters.arrays import DataError, block_of, representation_of
from bioassay_mtl.adapters.packing import packed
from bioassay_mtl.chem.fingerprints import fingerprint_from


@st.composite
def arrays(draw: Any) -> tuple[np.ndarray, list[np.ndarray]]:
    """Numbers of many kinds, and the same in parts."""
    n_rows, n_columns = draw(st.integers(1, 30)), draw(st.sampled_from([3, 63, 64, 70]))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    largest = draw(st.sampled_from([1, 2, 200, 255, 256]))
    x = rng.integers(1, largest + 1, (n_rows, n_columns)).astype(np.float32)
    x *= rng.random(x.shape) < draw(st.sampled_from([0.05, 0.4, 0.5, 0.6, 1.0]))
    if draw(st.booleans()):
        x[draw(st.integers(0, n_rows - 1)), 0] = draw(st.sampled_from([0.5, -1, np.nan, np.inf]))
    cuts = draw(st.lists(st.integers(1, n_rows), max_size=4))
    parts = np.split(x, sorted(cuts))
    return x, [part for part in parts if len(part)]


@given(arrays())
def test_parts_are_packed_as_the_whole(case: tuple[np.ndarray, list[np.ndarray]]) -> None:
    x, parts = case
    recipe, block = packed(iter(parts))
    assert recipe == representation_of(x)
    expected = block_of(x, fingerprint_from(recipe))
    for name, value in vars(expected).items():
        np.testing.assert_array_equal(vars(block)[name], value)


def test_a_known_input_is_kept() -> None:
    bits = np.eye(64, dtype=np.float32)
    recipe = representation_of(2 * bits)
    assert recipe["counts"]
    assert packed([bits], recipe)[0] == recipe
    with pytest.raises(DataError, match="trained on zeros and ones"):
        packed([bits, 2 * bits], representation_of(bits))
