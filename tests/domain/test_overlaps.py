"""Counting shared bits by words of molecules: no pair is lost, and none is miscounted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bioassay_mtl.domain import overlaps
from bioassay_mtl.domain.overlaps import BitColumns, sizes_of


def random_bits(n: int, share: float, seed: int) -> NDArray[np.uint8]:
    dense = np.random.default_rng(seed).random((n, 64)) < share
    return np.packbits(dense, axis=1)


@pytest.fixture(params=[1 << 60, 0], ids=["numpy", "compiled"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """By NumPy alone, and by compiled code from the first pair on."""
    if request.param == 0:
        pytest.importorskip("numba")
    monkeypatch.setattr(overlaps, "PAYS", request.param)


def counted(queries: NDArray[np.uint8], molecules: NDArray[np.uint8]) -> NDArray[np.int64]:
    left, right = (np.unpackbits(each, axis=1).astype(np.int64) for each in (queries, molecules))
    product: NDArray[np.int64] = left @ right.T
    return product


@pytest.mark.usefixtures("way")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
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


@pytest.mark.usefixtures("way")
def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    molecules, queries = random_bits(300, 0.3, 0), random_bits(50, 0.3, 1)
    whole = BitColumns(molecules).pairs(queries, 0.3)
    monkeypatch.setattr(overlaps, "BLOCK", 64)
    parts = BitColumns(molecules).pairs(queries, 0.3)
    assert len(whole.query)
    assert {*zip(*whole, strict=True)} == {*zip(*parts, strict=True)}


def test_many_molecules_are_the_same_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """More words than are summed at a time, more pairs than there is room for at first."""
    pytest.importorskip("numba")
    molecules, queries = random_bits(20_000, 0.3, 0), random_bits(70, 0.3, 1)
    columns = BitColumns(molecules)
    plain = columns.pairs(queries, 0.2)
    assert len(plain.query) > overlaps._ROOM * len(queries)
    monkeypatch.setattr(overlaps, "PAYS", 0)
    made = columns.pairs(queries, 0.2)
    assert sorted(zip(*plain, strict=True)) == sorted(zip(*made, strict=True))


def test_compiled_code_starts_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[int]()
    monkeypatch.setattr(overlaps, "PAYS", 1_000)
    monkeypatch.setattr(overlaps, "compiled", lambda: asked.append(1))
    columns = BitColumns(random_bits(100, 0.3, 0))
    for n in (5, 5, 1):
        columns.pairs(random_bits(n, 0.3, 1), 0.3)
    assert len(asked) == 1


@pytest.mark.usefixtures("way")
def test_nothing_is_compared_with_nothing() -> None:
    none = np.zeros((0, 8), np.uint8)
    assert not len(BitColumns(none).pairs(random_bits(3, 0.5, 0), 0.1).query)
    assert not len(BitColumns(random_bits(3, 0.5, 0)).pairs(none, 0.1).query)
