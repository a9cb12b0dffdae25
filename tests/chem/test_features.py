"""Both containers agree with a plain dense array, whatever is done to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bioassay_mtl.chem.features import (
    CountScale,
    Features,
    PackedBits,
    SparseCounts,
    SparseRows,
    count_table,
)
from bioassay_mtl.chem.status import Status
from bioassay_mtl.errors import InputError

seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(0, 12), st.integers(1, 70))


def random_bits(seed: int, shape: tuple[int, int]) -> tuple[PackedBits, NDArray[np.uint8]]:
    dense = (np.random.default_rng(seed).random(shape) < 0.3).astype(np.uint8)
    return PackedBits(np.packbits(dense, axis=1), shape[1]), dense


def random_counts(
    seed: int, shape: tuple[int, int], scale: CountScale
) -> tuple[SparseCounts, NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    dense = (rng.integers(1, 256, shape) * (rng.random(shape) < 0.3)).astype(np.uint8)
    rows, indices = np.nonzero(dense)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
    counts = SparseCounts(
        offsets.astype(np.int64),
        indices.astype(np.uint16),
        dense[rows, indices],
        shape[1],
        scale,
    )
    return counts, dense


def densified(sparse: SparseRows, n_features: int) -> NDArray[np.float32]:
    dense = np.zeros((len(sparse.offsets) - 1, n_features), dtype=np.float32)
    for row in range(len(dense)):
        owned = slice(sparse.offsets[row], sparse.offsets[row + 1])
        assert np.all(np.diff(sparse.indices[owned]) > 0)
        dense[row, sparse.indices[owned]] = 1 if sparse.values is None else sparse.values[owned]
    return dense


@given(seeds, sizes)
def test_bits_dense_and_sparse_agree(seed: int, shape: tuple[int, int]) -> None:
    block, dense = random_bits(seed, shape)
    assert len(block) == shape[0]
    np.testing.assert_array_equal(block.dense(), dense)
    np.testing.assert_array_equal(densified(block.sparse_rows(), shape[1]), dense)


@given(seeds, sizes, st.sampled_from(["linear", "log2"]))
def test_counts_dense_and_sparse_agree(
    seed: int, shape: tuple[int, int], scale: CountScale
) -> None:
    block, counts = random_counts(seed, shape, scale)
    expected = count_table(scale)[counts]
    assert len(block) == shape[0]
    np.testing.assert_array_equal(block.dense(), expected)
    np.testing.assert_array_equal(densified(block.sparse_rows(), shape[1]), expected)


@given(seeds, sizes, st.data())
def test_take_takes_rows(seed: int, shape: tuple[int, int], data: st.DataObject) -> None:
    n = shape[0]
    index = np.array(data.draw(st.lists(st.integers(0, n - 1)) if n else st.just([])), dtype=int)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool)
    for block, dense in (random_bits(seed, shape), random_counts(seed, shape, "linear")):
        for rows in (index, mask):
            np.testing.assert_array_equal(block.take(rows).dense(), dense[rows])


def test_a_mask_of_another_length_is_refused() -> None:
    for block, _ in (random_bits(1, (4, 9)), random_counts(1, (4, 9), "linear")):
        with pytest.raises(IndexError, match="boolean"):
            block.take(np.ones(3, dtype=np.bool_))


@given(st.lists(seeds, min_size=1, max_size=4), st.integers(1, 40))
def test_concatenate_stacks(seeds: list[int], width: int) -> None:
    shapes = [(seed % 5, width) for seed in seeds]
    parts: list[Any]
    for kind in (random_bits, lambda seed, shape: random_counts(seed, shape, "linear")):
        parts = [kind(seed, shape) for seed, shape in zip(seeds, shapes, strict=True)]
        stacked = type(parts[0][0]).concatenate([block for block, _ in parts])
        np.testing.assert_array_equal(stacked.dense(), np.concatenate([d for _, d in parts]))


def test_count_table() -> None:
    assert count_table("linear")[[0, 1, 255]].tolist() == [0, 1, 255]
    assert count_table("log2")[[0, 1, 3]].tolist() == [0, 1, 2]


def test_features_take_and_concatenate_keep_rows_together() -> None:
    bits, _ = random_bits(1, (4, 9))
    counts, _ = random_counts(2, (4, 9), "log2")
    status = np.array([0, Status.EMPTY.code, 0, Status.TOO_LARGE.code], dtype=np.uint8)
    features = Features({"bits": bits, "counts": counts}, status)
    taken = features.take(features.ok)
    assert len(taken) == 2
    both = Features.concatenate([taken, features])
    np.testing.assert_array_equal(both.status, np.concatenate([status[[0, 2]], status]))
    for name, block in features.blocks.items():
        dense = block.dense()
        np.testing.assert_array_equal(
            both.blocks[name].dense(), np.concatenate([dense[[0, 2]], dense])
        )


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"packed \(n, 2\) uint8"):
        PackedBits(np.zeros((3, 1), dtype=np.uint8), 9)
    with pytest.raises(ValueError, match="offsets end at 2"):
        SparseCounts(np.array([0, 2]), np.zeros(1, np.uint16), np.zeros(1, np.uint8), 9)


def test_status_codes_go_round() -> None:
    assert Status.OK.code == 0
    assert [Status.from_code(status.code) for status in Status] == list(Status)
    assert str(Status.TOO_LARGE) == "too_large"


def test_blocks_of_other_lengths_are_refused() -> None:
    blocks = {"morgan": random_bits(0, (3, 8))[0], "torsion": random_bits(1, (2, 8))[0]}
    with pytest.raises(InputError, match="3 molecules have other lengths: morgan 3, torsion 2"):
        Features(blocks, np.zeros(3, dtype=np.uint8))
