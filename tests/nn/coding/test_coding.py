"""A code gives back exactly what it was made of, in as few bits as its entropy says."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bioassay_mtl.errors import MissingExtraError
from bioassay_mtl.nn.coding import Code, CodedArray, Rounded, learned_levels, nearest

pytest.importorskip("constriction")
NAMES = ("first", "second")


def array(name: str, seed: int, n: int, n_levels: int) -> CodedArray:
    values = np.random.default_rng(seed).standard_normal(n)
    return CodedArray.of(name, values, learned_levels(values, n_levels))


@settings(max_examples=40)
@given(
    seed=st.integers(0, 99),
    n=st.tuples(st.integers(1, 3_000), st.integers(1, 50)),
    n_levels=st.tuples(st.integers(1, 50), st.integers(1, 9)),
)
def test_a_code_comes_back_within_two_bits_of_its_entropy(
    seed: int, n: tuple[int, int], n_levels: tuple[int, int]
) -> None:
    code = Code(tuple(map(array, NAMES, (seed, seed + 1), n, n_levels)))
    again = Code.of_tensors(code.tensors(), NAMES)
    for one, two in zip(code.arrays, again.arrays, strict=True):
        assert one.symbols.tolist() == two.symbols.tolist()
        assert one.levels.tolist() == two.levels.tolist()
    assert abs(code.bits - code.entropy_bits) <= 2
    assert again.n_numbers == sum(n)


def test_rare_symbols_cost_more_than_common_ones() -> None:
    values = np.array([0.0] * 990 + [1.0] * 10)
    code = Code((CodedArray.of("first", values, np.array([0, 1], dtype=np.float32)),))
    assert code.entropy_bits - code.arrays[0].side_bits == pytest.approx(80.8, abs=0.1)
    assert code.bits_of("first") == code.entropy_bits


@given(seed=st.integers(0, 99), n_levels=st.integers(1, 30))
def test_levels_are_near_and_all_used(seed: int, n_levels: int) -> None:
    values = np.random.default_rng(seed).standard_normal(400)
    levels = learned_levels(values, n_levels)
    assert len(levels) <= n_levels
    assert (np.diff(levels) > 0).all()
    assert np.array_equal(levels, levels.astype(np.float16))
    symbols = nearest(values, levels)
    assert set(symbols) == set(range(len(levels)))
    assert np.array_equal(symbols, np.abs(values[:, None] - levels).argmin(axis=1))


def test_more_levels_are_nearer() -> None:
    values = np.random.default_rng(0).standard_normal(2_000)
    errors = []
    for n_levels in (1, 2, 4, 8, 16):
        levels = learned_levels(values, n_levels)
        errors.append(np.square(values - levels[nearest(values, levels)]).mean())
    assert errors == sorted(errors, reverse=True)
    assert errors[1] == pytest.approx(1 - 2 / np.pi, abs=0.05)  # of a normal number, Lloyd-Max
    assert errors[2] == pytest.approx(0.1175, abs=0.02)


def test_gradients_pass_through_the_rounding_and_reach_the_levels() -> None:
    rounded = Rounded(np.array([-1, 0, 1], dtype=np.float32))
    values = torch.tensor([-0.9, 0.2, 0.4, 3.0], requires_grad=True)
    found = rounded(values)
    assert found.tolist() == [-1, 0, 0, 1]
    (found * torch.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == [1, 2, 3, 4]
    assert rounded.levels.grad is not None
    assert rounded.levels.grad.tolist() == [1, 5, 4]


def test_levels_may_pass_each_other() -> None:
    assert Rounded(np.array([1, -1], dtype=np.float32))(torch.tensor([-2.0, 2.0])).tolist() == [
        -1,
        1,
    ]


@pytest.mark.parametrize("what", ["code.alphabets", "code.counts", "code.words"])
def test_tensors_of_something_else_are_refused(what: str) -> None:
    tensors = Code(tuple(map(array, NAMES, (0, 1), (50, 9), (4, 3)))).tensors()
    wrong = torch.full_like(tensors[what], 3) if what != "code.words" else tensors[what][:-3]
    with pytest.raises(ValueError, match="are expected"):
        Code.of_tensors({**tensors, what: wrong}, NAMES)


def test_without_the_coder_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "constriction", None)
    with pytest.raises(MissingExtraError, match=r"bioassay-mtl\[compress\]"):
        _ = Code((array("first", 0, 50, 4),)).bits
