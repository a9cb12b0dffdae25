"""A network made of modules learns as the formula says, and stays an ordinary network."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.func import functional_call

from bioassay_mtl.nn.reparameterized import Blocks, Hypermodules, Reparameterized
from bioassay_mtl.nn.reparameterized.attached import RowOptimizers
from bioassay_mtl.nn.reparameterized.rows import RowAdamW


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.middle = nn.Linear(6, 8), nn.Linear(8, 8, bias=False)
        self.last = nn.Linear(8, 4)
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(self.middle(self.first(x).tanh()).tanh())
        return out


def attached(plain: Plain, contexts: int) -> Reparameterized:
    """The two last layers, made of modules."""
    weights = [plain.middle.weight, plain.last.weight]
    blocks = Blocks.of({str(i): w.shape for i, w in enumerate(weights)}, (4, 2))
    draws = torch.Generator().manual_seed(0)
    modules = Hypermodules(
        blocks.fan_in, blocks.block, len(blocks), contexts, 2, draws, torch.float64
    )
    return Reparameterized(modules, RowOptimizers(modules), weights, blocks)


def test_gradients_are_those_of_the_materialized_network_in_float64() -> None:
    torch.manual_seed(0)
    plain, x = Plain(), torch.randn(5, 6, dtype=torch.float64)
    made = attached(plain, 3)
    modules = made.modules
    modules.begin(torch.tensor([1, 4]), torch.tensor([[0, 0], [2, 5]]), 0.5)
    made.write()
    plain(x).square().sum().backward()
    pool, contexts, soft = made.pull_back()

    def loss(pool: Tensor, contexts: Tensor, soft: Tensor) -> Tensor:
        mixture = modules.mixture()
        blocks = mixture.blocks(pool[mixture.modules], contexts, soft)
        weights = made._blocks.join(blocks)
        names = ("middle.weight", "last.weight")
        return functional_call(plain, dict(zip(names, weights, strict=True)), x).square().sum()  # type: ignore[no-any-return]

    learned = (modules.pool, modules.contexts, modules.soft)
    of_pool, of_contexts, of_soft = torch.autograd.grad(loss(*learned), learned)
    torch.testing.assert_close(pool.grad, of_pool[modules.mixture().modules])
    torch.testing.assert_close(contexts.grad, of_contexts)
    torch.testing.assert_close(soft.grad, of_soft)
    assert all(weight.grad is None for weight in made.weights)
    assert plain.first.weight.grad is not None


def test_without_sharing_it_is_the_plain_Plain() -> None:
    """Lambda 0, K = L and no contexts: each block is its own module, and learns as ever."""
    torch.manual_seed(1)
    plain = Plain()
    made = attached(plain, 0)
    made.write()
    other = deepcopy(plain)
    rows = torch.optim.AdamW(
        [*plain.first.parameters(), plain.last.bias], lr=0.01, weight_decay=0.3
    )
    whole = torch.optim.AdamW(other.parameters(), lr=0.01, weight_decay=0.3)
    for step in range(20):
        x = torch.randn(9, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(step))
        for each in (plain, other):
            each.zero_grad()
            (each(x) - x[:, :4]).square().mean().backward()
        made.pull_back()
        rows.step()
        made.step(0.01, 0.3)
        whole.step()
    for mine, theirs in zip(plain.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_the_network_predicts_what_its_modules_say_to_the_digit() -> None:
    plain = Plain()
    made = attached(plain, 2)
    made.write()
    state = {name: weight.clone() for name, weight in plain.state_dict().items()}
    ordinary = Plain()
    ordinary.load_state_dict(state)
    x = torch.randn(3, 6, dtype=torch.float64)
    assert torch.equal(plain(x), ordinary(x))
    blocks = made.modules.blocks().detach()
    assert torch.equal(made._blocks.cut([*made.weights]), blocks)
    assert [*state] == [*Plain().state_dict()]  # nothing but its own weights


def test_rows_that_are_not_used_neither_move_nor_age() -> None:
    parameter = nn.Parameter(torch.ones(4, 2))
    optimizer = RowAdamW(parameter)
    optimizer.step(torch.tensor([1, 3]), torch.ones(2, 2), 0.1, decay=0.5)
    assert torch.equal(parameter[[0, 2]], torch.ones(2, 2))
    assert (parameter[[1, 3]] < 0.9).all()
    assert optimizer.age.tolist() == [0, 1, 0, 1]
    optimizer.reset(torch.tensor([3]))
    assert optimizer.age.tolist() == [0, 1, 0, 0]
    assert (optimizer.square[3] == 0).all()


def test_a_row_moves_as_by_adamw() -> None:
    ours, theirs = (nn.Parameter(torch.linspace(-1, 1, 6).view(2, 3).double()) for _ in range(2))
    mine, plain = RowAdamW(ours), torch.optim.AdamW([theirs], lr=0.05, weight_decay=0.2)
    for step in range(5):
        gradient = torch.sin(torch.arange(6.0) + step).view(2, 3).double()
        mine.step(torch.arange(2), gradient, 0.05, 0.2)
        theirs.grad = gradient
        plain.step()
    torch.testing.assert_close(ours, theirs)


def test_unchanged_modules_are_not_written_again() -> None:
    plain = Plain()
    made = attached(plain, 1)
    made.write()
    with torch.no_grad():
        plain.middle.weight.zero_()
    made.write()
    assert not plain.middle.weight.any()
    made.modules.begin(torch.tensor([0]), torch.tensor([[1, 1]]), 0.5)
    made.write()
    assert plain.middle.weight.any()
