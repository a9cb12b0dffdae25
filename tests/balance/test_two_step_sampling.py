"""Samples of tasks: exact chances, so that weighted samples have the mean of all tasks."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import torch
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.balance.two_step.task_sampling import inclusion, sample_weights, systematic

SIZES = st.lists(st.integers(0, 50), min_size=1, max_size=12).map(
    lambda sizes: torch.tensor(sizes, dtype=torch.float64)
)


@given(SIZES, st.integers(1, 12))
def test_chances_are_proportional_and_at_most_one(sizes: torch.Tensor, n: int) -> None:
    chances = inclusion(sizes, n)
    assert chances.max() <= 1 + 1e-12
    assert (chances[sizes == 0] == 0).all()
    assert (chances[sizes > 0] > 0).all()
    assert abs(float(chances.sum()) - min(n, int((sizes > 0).sum()))) < 1e-9
    unsure = (chances > 0) & (chances < 1 - 1e-9)
    if unsure.any():
        ratios = chances[unsure] / sizes[unsure]
        torch.testing.assert_close(ratios, ratios[:1].expand_as(ratios))


@given(SIZES, st.integers(1, 12), st.randoms(use_true_random=False))
def test_the_mean_over_all_samples_is_every_task_once(
    sizes: torch.Tensor, n: int, random: Random
) -> None:
    chances = inclusion(sizes, n)
    order = list(range(len(sizes)))
    random.shuffle(order)
    laid_out = chances[torch.tensor(order)]
    # A sample changes only where a start meets the fraction of an end: these are all samples.
    edges = sorted({0.0, 1.0, *(float(end) % 1 for end in laid_out.cumsum(0))})
    mean = torch.zeros_like(laid_out)
    for low, high in pairwise(edges):
        drawn = systematic(laid_out, (low + high) / 2)
        if high - low > 1e-12:
            assert len(set(drawn.tolist())) == len(drawn) == round(float(chances.sum()))
        mean[drawn] += (high - low) / laid_out[drawn]
    torch.testing.assert_close(mean, (laid_out > 0).double(), rtol=1e-9, atol=1e-9)


def test_weights_follow_the_seed_and_any_two_tasks_meet() -> None:
    torch.manual_seed(0)
    pairs = {
        tuple(sample_weights(torch.ones(5), 2).nonzero().flatten().tolist()) for _ in range(99)
    }
    assert len(pairs) == 10
    torch.manual_seed(0)
    first = sample_weights(torch.arange(9), 3)
    torch.manual_seed(0)
    assert torch.equal(sample_weights(torch.arange(9), 3), first)
    assert int((first > 0).sum()) == 3
