"""Weights are cut into blocks and put together again, or it is said why not."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.reparameterized import Blocks

sides = st.integers(1, 3)


@given(
    block=st.tuples(sides, sides),
    shapes=st.lists(st.tuples(sides, sides, sides), min_size=1, max_size=3),
)
def test_joined_blocks_are_the_weights(
    block: tuple[int, int], shapes: list[tuple[int, int, int]]
) -> None:
    m, n = block
    weights = [torch.randn(stack, m * rows, n * columns) for stack, rows, columns in shapes]
    blocks = Blocks.of({str(i): w.shape for i, w in enumerate(weights)}, block)
    cut = blocks.cut(weights)
    assert cut.shape == (sum(a * b * c for a, b, c in shapes), m, n) == (len(blocks), m, n)
    assert all(map(torch.equal, blocks.join(cut), weights))
    torch.testing.assert_close(cut[0], weights[0][0, :m, :n])
    assert [w.shape[1] for w in weights] == [
        int(fan) for i in range(len(weights)) for fan in blocks.fan_in[blocks.owner == i].unique()
    ]


def test_the_largest_common_square_is_chosen() -> None:
    assert Blocks.of({"a": (2, 600, 600), "b": (300, 600)}).block == (30, 30)
    assert Blocks.of({"a": (512, 64)}).block == (32, 32)


def test_blocks_that_do_not_fit_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"16 x 16 does not divide tower, which is 16 x 20"):
        Blocks.of({"expert": (32, 32), "tower": (16, 20)}, (16, 16))
    with pytest.raises(ConfigError, match=r"no square .*expert: 32 x 32, tower: 32 x 7"):
        Blocks.of({"expert": (32, 32), "tower": (32, 7)})
