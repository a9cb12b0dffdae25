"""Generations: when they begin and end, whom they try, and that they resume to the bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.reparameterized import (
    AlignmentSearch,
    Blocks,
    Hypermodules,
    ModuleConfig,
    Reparameterized,
)
from bioassay_mtl.nn.reparameterized.attached import RowOptimizers


class Learning:
    """Two stacked layers, made of modules, that learn to double their inputs."""

    def __init__(self, **settings: Any) -> None:
        self.config = ModuleConfig.of({"block": (2, 2), "steps": 5, "burn_in": 0.2} | settings)
        self.weights = [nn.Parameter(torch.zeros(2, 4, 4)), nn.Parameter(torch.zeros(4, 4))]
        blocks = Blocks.of({str(i): w.shape for i, w in enumerate(self.weights)}, (2, 2))
        self.modules = Hypermodules(
            blocks.fan_in,
            blocks.block,
            len(blocks),
            self.config.contexts,
            self.config.challengers,
            torch.Generator().manual_seed(0),
        )
        self.optimizers = RowOptimizers(self.modules)
        self.made = Reparameterized(self.modules, self.optimizers, self.weights, blocks)
        self.search = AlignmentSearch(self.modules, self.config, 7, self.optimizers.forget)

    def steps(self, start: int, stop: int) -> None:
        for number in range(start, stop):
            self.search.step(number, 60)
            self.made.write()
            x = torch.randn(8, 4, generator=torch.Generator().manual_seed(number))
            self.loss(x).backward()
            self.made.pull_back()
            self.made.step(0.01, 0.1)

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        first, second = self.weights
        return ((x @ first.sum(dim=0)).tanh() @ second - 2 * x).square().mean()

    def state(self) -> dict[str, Any]:
        parts = {**self.modules.state_dict(), **self.optimizers.state_dict()}
        return {name: value.clone() for name, value in parts.items()}


def test_a_resumed_search_ends_as_an_unbroken_one_to_the_bit() -> None:
    whole, begun, resumed = Learning(fresh=0.3), Learning(fresh=0.3), Learning(fresh=0.3)
    whole.steps(0, 60)
    begun.steps(0, 27)  # in the middle of a generation
    assert begun.search.is_open
    resumed.modules.load_state_dict(begun.modules.state_dict())
    resumed.optimizers.load_state_dict(begun.optimizers.state_dict())
    resumed.steps(27, 60)
    for name, value in whole.state().items():
        assert torch.equal(value, resumed.state()[name]), name
    assert whole.search.history[-len(resumed.search.history) :] == resumed.search.history


def test_it_searches_between_burn_in_and_its_end() -> None:
    learning = Learning()
    opened = []
    for number in range(60):
        learning.steps(number, number + 1)
        opened.append(learning.search.is_open)
    assert opened == [False] * 12 + [True] * 35 + [False] * 13
    assert [each["generation"] for each in learning.search.history] == [*range(1, 8)]


def test_a_generation_searches_a_share_and_resets_what_learns_there() -> None:
    learning = Learning(share=0.4, challengers=3, challenger_weight=0.6, steps=20)
    learning.steps(0, 20)
    learning.search.end()
    learning.search.begin()
    modules, soft = learning.modules, learning.optimizers.soft
    searched = modules.searched
    assert int(searched.sum()) == 5  # of 12
    assert (soft.age[searched] == 0).all()
    assert (soft.mean[searched] == 0).all()
    assert (learning.optimizers.pool.age > 0).any()
    weights = torch.softmax(modules.soft[searched], dim=1)
    torch.testing.assert_close(weights[:, 1:].sum(dim=1), torch.full((5,), 0.6))


def test_challengers_are_modules_of_other_locations() -> None:
    learning = Learning(share=1.0, challengers=8, fresh=0.0)
    learning.modules.candidates[:6] = 0  # one module serves half of the locations
    learning.search.begin()
    challengers = learning.modules.candidates[:, 1:]
    assert set(challengers.flatten().tolist()) <= {0, *range(6, 12)}
    # Location 11 draws of 11 others, of which 6 use module 0.
    assert (challengers[6:] == torch.arange(6, 12)[:, None]).sum() == 0
    assert 0.3 < float((challengers == 0).float().mean()) < 0.75


def test_a_fresh_challenger_is_an_unused_module_drawn_anew() -> None:
    learning = Learning(share=1.0, challengers=1, fresh=1.0)
    learning.steps(0, 10)
    learning.modules.candidates[:] = 0
    before = learning.modules.pool.detach().clone()
    learning.search.begin()
    drawn = learning.modules.candidates[:, 1]
    fresh = drawn[drawn != 0]
    assert sorted(fresh.tolist()) == [*range(1, 12)]
    assert not torch.isclose(before[1:], learning.modules.pool[1:]).any(dim=0).all()
    assert torch.equal(before[0], learning.modules.pool[0])
    assert (learning.optimizers.pool.age[1:] == 0).all()
    assert learning.optimizers.pool.age[0] > 0


def test_nothing_is_searched_without_challengers() -> None:
    learning = Learning(challengers=0)
    learning.steps(0, 60)
    assert learning.search.history == []
    assert learning.modules.alignment.tolist() == [*range(12)]


def test_draws_differ_between_generations_and_seeds() -> None:
    one, other = Learning(), Learning()
    other.search.seed = 8
    found = []
    for learning in (one, one, other):
        learning.search.begin()
        found.append(learning.modules.searched.clone())
        learning.search.end()
    assert not torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_settings_that_end_before_they_begin_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"search_until 0\.1 comes before burn_in 0\.5"):
        ModuleConfig(burn_in=0.5, search_until=0.1)
