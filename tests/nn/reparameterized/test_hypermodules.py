"""Blocks of shared modules: their start, their gradients, and what they cost."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from bioassay_mtl.nn.reparameterized import Hypermodules
from bioassay_mtl.nn.reparameterized.hypermodules import start_of, usage


def pool_of(
    n: int, *, k: int | None = None, c: int = 2, challengers: int = 2, dtype: Any = torch.float64
) -> Hypermodules:
    """N locations of blocks of 3 x 2, layers of 12 inputs."""
    draws = torch.Generator().manual_seed(0)
    return Hypermodules(torch.full((n,), 12), (3, 2), k or n, c, challengers, draws, dtype)


def in_generation() -> Hypermodules:
    """Three locations try two challengers each; one of them is the location's own module."""
    modules = pool_of(6)
    modules.begin(torch.tensor([0, 2, 5]), torch.tensor([[1, 1], [2, 4], [3, 0]]), 0.4)
    with torch.no_grad():
        modules.soft.add_(torch.randn(6, 3, generator=torch.Generator().manual_seed(1)))
    return modules


def one_by_one(modules: Hypermodules) -> Tensor:
    """The formula, location by location."""
    blocks = []
    for location, context in enumerate(modules.contexts):
        weights = torch.softmax(modules.soft[location], dim=0)
        if not modules.searched[location]:
            weights = torch.eye(len(weights), dtype=weights.dtype)[0]
        candidates = modules.pool[modules.candidates[location]]
        blocks.append(torch.einsum("i,j,ijmn->mn", weights, context, candidates))
    return torch.stack(blocks)


@pytest.mark.parametrize("contexts", [0, 1, 4])
def test_blocks_begin_with_the_variance_of_he(contexts: int) -> None:
    draws = torch.Generator().manual_seed(3)
    fan_in = torch.tensor([50, 200]).repeat(150)
    blocks = Hypermodules(fan_in, (8, 8), 300, contexts, 1, draws).blocks().detach()
    for inputs in (50, 200):
        assert float(blocks[fan_in == inputs].var()) == pytest.approx(2 / inputs, rel=0.1)


def test_blocks_are_those_of_the_formula_and_so_are_their_gradients() -> None:
    modules = in_generation()
    towards = torch.randn(6, 3, 2, dtype=torch.float64)
    learned = [modules.pool, modules.contexts, modules.soft]
    both = modules.blocks(), one_by_one(modules)
    torch.testing.assert_close(*both)
    gradients = [torch.autograd.grad((blocks * towards).sum(), learned) for blocks in both]
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected)


def test_some_locations_alone_have_the_same_blocks() -> None:
    modules = in_generation()
    parts = [modules.blocks(0, 2), modules.blocks(2, 6)]
    torch.testing.assert_close(torch.cat(parts), modules.blocks(), rtol=0, atol=0)


@given(
    challengers=st.integers(1, 8),
    alpha=st.floats(0.01, 0.99),
)
def test_challengers_weigh_alpha_together(challengers: int, alpha: float) -> None:
    weights = torch.softmax(start_of(challengers, alpha), dim=0)
    assert float(weights[1:].sum()) == pytest.approx(alpha)
    assert torch.allclose(weights[1:], weights[1])


def test_without_alpha_all_candidates_weigh_alike() -> None:
    assert torch.softmax(start_of(4, None), dim=0).tolist() == pytest.approx([0.2] * 5)


def test_equal_modules_are_added_up_and_a_draw_changes_nothing() -> None:
    modules = pool_of(3)
    modules.begin(torch.tensor([0, 1]), torch.tensor([[2, 2], [0, 2]]), None)
    with torch.no_grad():
        modules.soft[0] = torch.tensor([0.3, 0.0, 0.0])  # two lesser weights of one module
        modules.soft[1] = 0.0
    assert modules.settle().tolist() == [True, False]
    assert modules.alignment.tolist() == [2, 1, 2]
    assert not modules.searched.any()
    assert (modules.candidates == modules.alignment[:, None]).all()


@given(seed=st.integers(0, 50))
def test_settled_modules_are_among_the_candidates(seed: int) -> None:
    draws = torch.Generator().manual_seed(seed)
    modules = pool_of(7, challengers=3)
    locations = torch.randperm(7, generator=draws)[:4]
    modules.begin(locations, torch.randint(7, (4, 3), generator=draws), 0.5)
    with torch.no_grad():
        modules.soft.normal_(generator=draws)
    before = modules.candidates.clone()
    modules.settle()
    assert (before == modules.alignment[:, None]).any(dim=1).all()
    assert usage(modules, [slice(0, 3), slice(3, 7)]).sum(dim=1).tolist() == [3, 4]


class Counted(TorchDispatchMode):
    """Counts operations."""

    n = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.n += 1
        return func(*args, **(kwargs or {}))


def test_a_thousand_locations_take_no_more_operations_than_ten() -> None:
    counts = []
    for n in (10, 1000):
        modules = pool_of(n, dtype=torch.float32)
        modules.begin(torch.arange(n // 2), torch.zeros((n // 2, 2), dtype=torch.int64), 0.5)
        with Counted() as counted:  # type: ignore[no-untyped-call]
            modules.blocks().sum().backward()
        counts.append(counted.n)
    assert counts[0] == counts[1] > 5


def test_a_small_pool_is_dealt_out_evenly() -> None:
    modules = pool_of(12, k=3)
    assert modules.alignment.bincount().tolist() == [4, 4, 4]
    assert modules.alignment.tolist() != sorted(modules.alignment.tolist())
