"""Dense blocks keep the contract that other blocks have."""

from __future__ import annotations

import numpy as np
import pytest

from bioassay_mtl.chem.descriptors import DenseBlock, held


@pytest.fixture
def block() -> DenseBlock:
    values = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    values[2, 1] = np.nan
    return DenseBlock(values)


def test_rows_are_taken_by_position_and_by_mask(block: DenseBlock) -> None:
    mask = np.array([True, False, True, False, False, False, True])
    for rows in (np.array([6, 0, 2]), mask):
        np.testing.assert_array_equal(block.take(rows).dense(), block.values[rows])
    assert len(block.take(np.zeros(0, dtype=np.int64))) == 0


def test_parts_make_the_whole(block: DenseBlock) -> None:
    parts = [block.take(np.arange(start, start + 2)) for start in (0, 2, 4)]
    whole = DenseBlock.concatenate([*parts, block.take(np.array([6]))])
    np.testing.assert_array_equal(whole.values, block.values)
    assert (len(whole), whole.n_features) == (7, 3)


def test_other_shapes_are_refused(block: DenseBlock) -> None:
    with pytest.raises(ValueError, match="float32"):
        DenseBlock(np.zeros((2, 3)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"\(n, F\)"):
        DenseBlock(np.zeros(3, dtype=np.float32))
    with pytest.raises(ValueError, match="the same columns"):
        DenseBlock.concatenate([block, DenseBlock(block.values[:, :2])])


def test_stable_bytes_forgive_rounding_and_nothing_else(block: DenseBlock) -> None:
    def text(values: np.ndarray) -> bytes:
        return b"".join(DenseBlock(values.astype(np.float32)).stable_bytes())

    assert text(np.nextafter(block.values, np.float32(9))) == text(block.values)
    for factor in (1.001, -1.0):
        assert text(block.values * factor) != text(block.values)
    assert text(block.values[:, ::-1]) != text(block.values)
    assert text(np.array([[-0.0, 1e-9]])) == text(np.array([[0.0, 0.0]]))
    assert text(np.array([[np.nan]])) != text(np.array([[0.0]]))


def test_what_is_too_large_is_held_as_the_largest() -> None:
    largest = np.finfo(np.float32).max
    values = held(np.array([1e94, -np.inf, np.inf, np.nan, 1.5]))
    expected = np.array([largest, -largest, largest, np.nan, 1.5], np.float32)
    np.testing.assert_array_equal(values, expected)
