"""Draws of one's own are those of PyTorch after a seed, and leave its global generator alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bioassay_mtl.nn.draws import Draws, generator
from bioassay_mtl.nn.dropout import ByteDropout
from bioassay_mtl.nn.gates.base import drop_connections

X = torch.linspace(0.1, 1, 32).reshape(4, 8)
SEQUENCE = torch.ones(3, 1, 4)
OTHERS: dict[str, Callable[[], Tensor]] = {
    "linear": lambda: nn.Linear(3, 3).weight,
    "embedding": lambda: nn.Embedding(3, 3).weight,
    "orthogonal": lambda: nn.init.orthogonal_(torch.empty(4, 4)),
    "truncated": lambda: nn.init.trunc_normal_(torch.empty(30)),
    "dropout": lambda: functional.dropout(X),
    "dropout2d": lambda: functional.dropout2d(X[None, ..., None]),
    "alpha_dropout": lambda: functional.alpha_dropout(X, training=True),
    "rrelu": lambda: functional.rrelu(-X, training=True),
    "gumbel": lambda: functional.gumbel_softmax(X),
    "lstm": lambda: nn.LSTM(4, 2, 2, dropout=0.5)(SEQUENCE)[0],
    "attention": lambda: nn.MultiheadAttention(4, 2, dropout=0.5)(*[SEQUENCE] * 3)[0],
    "rand": lambda: torch.rand(3),
    "rand_like": lambda: torch.rand_like(X),
    "randn_like": lambda: torch.randn_like(X),
    "randint": lambda: torch.randint(3, 9, (5,)),
    "randint_like": lambda: torch.randint_like(X, 3, 9),
    "randperm": lambda: torch.randperm(9),
    "normal": lambda: torch.normal(X, X),
    "bernoulli": lambda: X.clone().bernoulli_(0.5),
    "multinomial": lambda: torch.multinomial(torch.ones(9), 4),
    "gamma": lambda: torch.distributions.Gamma(2.0, 1.0).sample((3,)),
}
OURS: dict[str, Callable[[], Tensor]] = {
    "dropout": lambda: ByteDropout(0.3)(X),
    "connections": lambda: drop_connections(torch.ones(3, 4, dtype=torch.bool), 0.5, 5),
    "asked for": lambda: torch.rand(3, generator=generator()),
}


@pytest.mark.parametrize("name", OTHERS)
def test_all_of_pytorch_draws_from_them(name: str) -> None:
    assert_redirected(OTHERS[name], everywhere=True)


@pytest.mark.parametrize("name", OURS)
def test_own_code_draws_from_them_at_no_cost_to_others(name: str) -> None:
    assert_redirected(OURS[name], everywhere=False)


def assert_redirected(drawn: Callable[[], Tensor], everywhere: bool) -> None:
    torch.manual_seed(7)
    expected = drawn().detach()
    torch.manual_seed(8)
    before = torch.get_rng_state()
    draws = Draws(7)
    with draws.used(everywhere=everywhere):
        first, second = drawn().detach(), drawn().detach()
        draws.seed(7)
        again = drawn().detach()
    assert torch.equal(first, expected)
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)
    assert generator() is None


def test_weights_that_are_replaced_are_left_as_they_are() -> None:
    """Not so what no file holds, such as a buffer: it is drawn as ever."""
    weight = nn.Parameter(torch.full((50, 50), 7.0))
    linear = nn.Linear(3, 3)
    before = {name: held.clone() for name, held in linear.state_dict().items()}
    with Draws(3, replaced=True).used():
        nn.init.normal_(weight)
        nn.init.uniform_(weight, -1, 1)
        linear.reset_parameters()
        buffer = nn.init.normal_(torch.empty(9))
        rand = torch.rand(9)
    assert (weight == 7).all()
    assert all(held.equal(before[name]) for name, held in linear.state_dict().items())
    with Draws(3).used():
        assert buffer.equal(nn.init.normal_(torch.empty(9)))
        assert rand.equal(torch.rand(9))
        nn.init.normal_(weight)
    assert not (weight == 7).any()


def test_a_generator_that_is_given_stays() -> None:
    own = torch.Generator().manual_seed(3)
    with Draws(7).used():
        found = torch.rand(3, generator=own)
    assert torch.equal(found, torch.rand(3, generator=torch.Generator().manual_seed(3)))
