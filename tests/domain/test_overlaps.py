"""Counting shared bits by words of molecules: no pair is lost, and none is miscounted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bioassay_mtl.domain import overlaps
from bioassay_mtl.domain.overlaps import BitColumns, sizes_of


def random_bits(n: int, share: float, seed: int) -> NDArray[np.uint8]:
    dense = np.random.default_rng(seed).random((n, 64)) < share
    return np.packbits(dense, axis=1)


def counted(queries: NDArray[np.uint8], molecules: NDArray[np.uint8]) -> NDArray[np.int64]:
    left, right = (np.unpackbits(each, axis=1).astype(np.int64) for each in (queries, molecules))
    product: NDArray[np.int64] = left @ right.T
    return product


@given(
    n=st.integers(1, 300),
    m=st.integers(1, 40),
    share=st.floats(0, 1),
    at_least=st.sampled_from([0.0, 0.2, 1 / 3, 0.35, 0.5, 0.8, 1.0]),
    seed=st.integers(0, 1000),
)
def test_pairs_are_those_of_a_product(
    n: int, m: int, share: float, at_least: float, seed: int
) -> None:
    molecules, queries = random_bits(n, share, seed), random_bits(m, share, seed + 1)
    expected = counted(queries, molecules)
    found = BitColumns(molecules).pairs(queries, at_least)
    np.testing.assert_array_equal(expected[found.query, found.molecule], found.overlap)
    unions = sizes_of(queries)[:, None] + sizes_of(molecules) - expected
    wanted = set(zip(*np.nonzero(expected >= at_least * unions), strict=True))
    got = list(zip(found.query.tolist(), found.molecule.tolist(), strict=True))
    assert wanted <= {*got}
    assert len(got) == len({*got})


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    molecules, queries = random_bits(300, 0.3, 0), random_bits(50, 0.3, 1)
    whole = BitColumns(molecules).pairs(queries, 0.3)
    monkeypatch.setattr(overlaps, "BLOCK", 64)
    parts = BitColumns(molecules).pairs(queries, 0.3)
    assert len(whole.query)
    assert {*zip(*whole, strict=True)} == {*zip(*parts, strict=True)}


def test_nothing_is_compared_with_nothing() -> None:
    none = np.zeros((0, 8), np.uint8)
    assert not len(BitColumns(none).pairs(random_bits(3, 0.5, 0), 0.1).query)
    assert not len(BitColumns(random_bits(3, 0.5, 0)).pairs(none, 0.1).query)
