"""Loss weightings by hand, and what must hold for all of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bioassay_mtl.balance import Balancer, balance_config, balancers, build_balancer
from bioassay_mtl.balance.weightings import LossWeighting
from bioassay_mtl.errors import ConfigError
from tests.balance.small_batch import (
    TASKS,
    assert_same,
    expected_gradients,
    gradients,
    jacobian,
    random_mask,
    small_batch,
)

SETTINGS: dict[str, dict[str, Any]] = {
    "fixed": {"weights": {TASKS[1]: 3.0, TASKS[4]: 0.0}},
    "lbtw": {},
    "dwa": {},
    "uncertainty": {},
    "gradnorm": {},
    "random": {},
}
ALL = torch.ones(len(TASKS), dtype=torch.bool)
LOSSES = st.lists(
    st.lists(st.floats(0.1, 9), min_size=5, max_size=5), min_size=4, max_size=4
)  # of 4 batches


def build(name: str, tasks: list[str] = TASKS, **options: Any) -> Any:
    return build_balancer(
        balance_config({"kind": name, **(options or SETTINGS.get(name, {}))}), tasks
    )


def history(
    balancer: Any, losses: Tensor, present: Tensor, epochs: tuple[int, ...] = (2, 1, 1)
) -> list[Tensor]:
    """Weights of every batch, by rows of losses and presence ``(n, T)``, epoch after epoch."""
    weights, batch = [], 0
    for epoch, n_batches in enumerate(epochs):
        balancer.start_epoch(epoch)
        for _ in range(n_batches):
            row, here = losses[batch] * present[batch], present[batch]
            if isinstance(balancer, LossWeighting):
                weights.append(balancer.weights(row, here).clone())
            else:  # the losses stand for the norms of gradients, too
                weights.append(balancer.weight.clone())
                balancer.learn(row.sqrt(), row, here)
            batch += 1
    return weights


def test_every_weighting_is_tested() -> None:
    found = {n for n, kind in balancers.items() if "weightings" in kind.__module__}
    assert found == set(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("absent", [(), (1, 3)])
def test_the_update_is_that_of_the_weighed_losses(name: str, absent: tuple[int, ...]) -> None:
    batch = small_batch(absent=absent, expert_loss=0.7, decoupled=True)
    losses, balancer = batch.task_losses().detach(), build(name)
    for epoch in range(3):
        balancer.start_epoch(epoch)
        torch.manual_seed(epoch)
        own: dict[str, Callable[[], Tensor]] = {
            "uncertainty": lambda: torch.exp(-balancer.log_variance.detach()),
            "gradnorm": lambda: balancer.weight.clone(),
        }
        if name in own:
            expected = own[name]()
        else:
            expected = build_like(balancer).weights(losses, batch.present)
        torch.manual_seed(epoch)
        update = balancer(batch)
        aggregate = expected.to(losses) @ jacobian(batch)
        found = gradients(batch, update.loss)
        assert_same(found, expected_gradients(batch, aggregate, expected), 1e-6)
        torch.testing.assert_close(update.task_losses, losses)


def build_like(balancer: Any) -> Any:
    twin = type(balancer)(balancer.config, TASKS)
    twin.load_state_dict(balancer.state_dict())
    return twin


@pytest.mark.parametrize("name", SETTINGS)
def test_masked_targets_have_no_part(name: str) -> None:
    found = []
    for value in (torch.nan, 0.0, 1.0):
        batch = small_batch(absent=(2,), expert_loss=0.7)
        data: Any = batch.data
        data.labels = torch.where(data.mask, data.labels, value)
        torch.manual_seed(3)
        found.append(gradients(batch, build(name)(batch).loss))
    for other in found[1:]:
        assert_same(other, found[0], 0.0)
    assert all(value.isfinite().all() for value in found[0].values())


@pytest.mark.parametrize("name", SETTINGS)
def test_a_batch_without_a_measured_cell_has_no_update(name: str) -> None:
    batch = small_batch(absent=tuple(range(5)))
    balancer = build(name)
    before = {key: value.clone() for key, value in balancer.state_dict().items()}
    assert all((g == 0).all() for g in gradients(batch, balancer(batch).loss).values())
    for key, value in balancer.state_dict().items():
        torch.testing.assert_close(value, before[key], equal_nan=True)


@pytest.mark.parametrize("name", ["lbtw", "dwa", "gradnorm"])
@settings(max_examples=30, deadline=None)
@given(losses=LOSSES, absent=st.sets(st.tuples(st.integers(0, 3), st.just(2))))
def test_an_absent_task_changes_nobodys_weight(
    name: str, losses: list[list[float]], absent: set[tuple[int, int]]
) -> None:
    table, present = torch.tensor(losses).double(), torch.ones(4, 5, dtype=torch.bool)
    for row, task in absent:
        present[row, task] = False
    garbage = torch.where(present, table, 123.0)
    for one, other in zip(
        history(build(name), table, present),
        history(build(name), garbage, present),
        strict=True,
    ):
        torch.testing.assert_close(one, other)
    # A task that no batch measures: the others' weights are those that they have without it.
    present[:, 2] = False
    others = [0, 1, 3, 4]
    whole = history(build(name), table, present)
    without = history(build(name, [TASKS[t] for t in others]), table[:, others], present[:, others])
    for one, other in zip(whole, without, strict=True):
        # Of T tasks that sum to T, the absent one keeps its part.
        scale = other.sum() / one[others].sum()
        torch.testing.assert_close(one[others] * scale, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["lbtw", "dwa", "gradnorm"])
@settings(max_examples=30, deadline=None)
@given(losses=LOSSES, order=st.permutations(range(5)), seed=st.integers(0, 99))
def test_permuting_tasks_permutes_weights(
    name: str, losses: list[list[float]], order: list[int], seed: int
) -> None:
    table = torch.tensor(losses).double()
    present = torch.rand(4, 5, generator=torch.Generator().manual_seed(seed)) < 0.7
    for one, other in zip(
        history(build(name), table, present),
        history(build(name), table[:, order], present[:, order]),
        strict=True,
    ):
        torch.testing.assert_close(one[order], other, rtol=1e-3, atol=0.06)


def test_fixed_by_name_and_in_order() -> None:
    assert build("fixed").weights(torch.ones(5), ALL).tolist() == [1, 3, 1, 1, 0]
    given = build("fixed", weights=[5.0, 4, 3, 2, 1]).weights(torch.ones(5), ALL)
    assert given.tolist() == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"task-7": 1.0}, "unknown task 'task-7' .did you mean 'task-"),
        ([1.0, 2.0], "5 weights are needed, found 2"),
        ({"task-1": -1.0}, "weights"),
    ],
)
def test_weights_that_fit_no_task_are_refused(weights: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build("fixed", weights=weights)


def test_lbtw_by_hand() -> None:
    balancer = build("lbtw", alpha=0.5)
    losses = torch.tensor([[4.0, 9, 1, 1, 1], [1.0, 9, 1, 1, 1], [1.0, 1, 1, 1, 1]])
    present = torch.ones(3, 5, dtype=torch.bool)
    present[0, 1] = False
    weights = history(balancer, losses, present, (3,))
    assert weights[0].tolist() == [1, 1, 1, 1, 1]
    assert weights[1].tolist() == [0.5, 1, 1, 1, 1]
    torch.testing.assert_close(weights[2], torch.tensor([0.5, 1 / 3, 1, 1, 1]))
    balancer.start_epoch(1)
    assert balancer.weights(losses[2], ALL).tolist() == [1, 1, 1, 1, 1]


def test_dwa_by_hand() -> None:
    losses = torch.tensor([[2.0, 1, 1, 1, 1], [4.0, 1, 1, 1, 1], [6.0, 1, 1, 1, 1], [9.0] * 5])
    weights = history(build("dwa"), losses, torch.ones(4, 5, dtype=torch.bool))
    for early in weights[:3]:
        torch.testing.assert_close(early, torch.ones(5))
    ratio = torch.tensor([6 / 3, 1.0, 1, 1, 1])
    torch.testing.assert_close(weights[3], 5 * torch.softmax(ratio / 2, dim=0))


def test_dwa_with_equal_ratios_is_the_plain_sum() -> None:
    losses = torch.rand(5) * torch.tensor([[8.0], [8.0], [4.0], [2.0]])
    for weights in history(build("dwa"), losses, torch.ones(4, 5, dtype=torch.bool)):
        torch.testing.assert_close(weights, torch.ones(5))


def test_gradnorm_stays_where_norms_and_rates_are_equal() -> None:
    balancer = build("gradnorm")
    for loss in (4.0, 2.0, 1.0):
        balancer.learn(torch.full((5,), 0.3), torch.full((5,), loss), ALL)
    torch.testing.assert_close(balancer.weight, torch.ones(5))


def test_gradnorm_makes_weighed_norms_equal() -> None:
    balancer = build("gradnorm", alpha=0.0, learning_rate=0.002)
    norms = torch.tensor([1.0, 2.0, 1.0, 0.5, 1.0])
    for _ in range(2000):
        balancer.learn(norms, torch.ones(5), ALL)
    weighed = balancer.weight * norms
    torch.testing.assert_close(weighed, weighed.mean().expand(5), rtol=0.05, atol=0)
    assert balancer.weight.sum().item() == pytest.approx(5, rel=1e-4)


def test_gradnorm_favors_the_task_that_lags() -> None:
    balancer = build("gradnorm")
    balancer.learn(torch.ones(5), torch.ones(5), ALL)
    balancer.learn(torch.ones(5), torch.tensor([1.0, 0.5, 0.5, 0.5, 0.5]), ALL)
    assert balancer.weight.argmax() == 0
    assert balancer.weight[0] > 1


def test_uncertainty_finds_its_optimum() -> None:
    """``d/ds (exp(-s) L + s / 2) = 0`` at ``exp(-s) = 1 / (2 L)``."""
    batch = small_batch()
    balancer, losses = build("uncertainty"), batch.task_losses().detach()
    optimizer = torch.optim.Adam(balancer.parameters(), lr=0.05)
    for _ in range(400):
        optimizer.zero_grad()
        balancer(batch).loss.backward()
        optimizer.step()
    found = torch.exp(-balancer.log_variance.detach()).double()
    torch.testing.assert_close(found, 1 / (2 * losses), rtol=1e-3, atol=0)


def test_uncertainty_of_an_absent_task_does_not_drift() -> None:
    balancer = build("uncertainty")
    optimizer = torch.optim.AdamW(balancer.parameters(), lr=0.05, weight_decay=0.0)
    seen = []
    for absent in ((), (), (2,), (2,), ()):
        update = balancer(small_batch(absent=absent))
        seen.append(balancer.log_variance.detach().clone())
        optimizer.zero_grad()
        update.loss.backward()
        optimizer.step()
    assert seen[1][2] != seen[2][2]
    assert seen[2][2] == seen[3][2] == seen[4][2]
    assert (seen[2][:2] != seen[3][:2]).all()


def test_random_weights_vary_and_sum_to_the_number_of_tasks_present() -> None:
    balancer, present = build("random"), random_mask((1, 2)).any(dim=0)
    draws = torch.stack([balancer.weights(torch.ones(5), present) for _ in range(200)])
    torch.testing.assert_close(draws.sum(dim=1), torch.full((200,), 3.0))
    assert (draws[:, ~present] == 0).all()
    assert (draws[:, present].std(dim=0) > 0.1).all()
    torch.manual_seed(0)
    mine = balancer.weights(torch.ones(5), ALL)
    torch.manual_seed(0)
    torch.testing.assert_close(mine, 5 * torch.softmax(torch.randn(5), dim=0))


def test_unknown_names_and_settings_answer_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="did you mean 'gradnorm'"):
        balance_config("gradnrm")
    with pytest.raises(ConfigError, match=r"known: .*dwa.*mgda.*pcgrad"):
        balance_config("zzz")
    with pytest.raises(ConfigError, match="did you mean 'temperature'"):
        balance_config({"kind": "dwa", "temprature": 3})
    with pytest.raises(ConfigError, match="greater than 0"):
        balance_config({"kind": "dwa", "temperature": -math.pi})


def test_all_balancers_state_their_kind() -> None:
    for name, kind in balancers.items():
        assert issubclass(kind, Balancer)
        assert kind.config_class.model_fields["kind"].default == name
