"""Two-step balancing equals its definition, a loop over tasks, to rounding error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from bioassay_mtl.balance import Batch, balance_config, build_balancer
from bioassay_mtl.errors import ConfigError
from tests.balance.mixed_tasks import MIXED
from tests.balance.naive_two_step import GROUPS, gradients, make_batch, mixture, naive_update

RATE = 0.5
SCOPES_AND_ORDERS = [("task", 1), ("task", 2), ("all", 1), ("all", 2)]


@pytest.fixture(autouse=True)
def _threads() -> None:
    torch.set_num_threads(1)


def balancer(n_tasks: int, **changes: Any) -> Any:
    config = {"kind": "two_step", "inner_learning_rate": RATE, "chunk_size": 3, **changes}
    return build_balancer(balance_config(config), [f"t{t}" for t in range(n_tasks)])


def update(batch: Batch, **changes: Any) -> dict[str, Tensor]:
    balancer(batch.labels[1].shape[1], **changes)(batch).loss.backward()
    return gradients(batch.network)


def assert_equal(fast: dict[str, Tensor], naive: dict[str, Tensor]) -> None:
    assert fast.keys() == naive.keys()
    for name, gradient in fast.items():
        torch.testing.assert_close(
            gradient, naive[name].expand_as(gradient).to(gradient), rtol=1e-9, atol=1e-11, msg=name
        )


def check(batch: Batch, scope: str, order: int) -> None:
    fast = update(batch, scope=scope, order=order)
    naive = naive_update(batch, round(2 / 3 * len(batch)), RATE, scope, order)
    assert_equal(fast, naive)
    assert any(gradient.abs().max() > 1e-6 for gradient in fast.values())


def some_missing(n_rows: int = 12, n_tasks: int = 5, seed: int = 0) -> np.ndarray:
    """A third missing; a task absent from inner rows, one from outer rows, one from both."""
    mask = np.random.default_rng(seed).random((n_rows, n_tasks)) < 2 / 3
    n_inner = round(2 / 3 * n_rows)
    mask[:n_inner, 0] = False
    mask[n_inner:, 1] = False
    mask[:, 2] = False
    mask[-1, 0] = mask[0, 1] = mask[0, 3:] = mask[-1, 3:] = True
    return mask


CLOSED = {"kind": "exclusivity", "share": 0.34}
BOTTOM = {"kind": "shared_bottom", "bottom": GROUPS[0], "tower": {"kind": "linear"}}
NETWORKS = {
    **{f"{gate} gate": mixture(gate) for gate in ("linear", "low_rank", "task_embedding")},
    "uniform gate": mixture("uniform", "per_expert"),
    "per-expert towers": mixture("static", "per_expert"),
    "mlp towers": mixture("low_rank", "mlp"),
    "closed connections": mixture("linear", "per_expert", connections=CLOSED),
    "mmoe": {"kind": "mmoe", "experts": GROUPS[0], "gate": {"kind": "static"}},
    "shared bottom": BOTTOM,
}


@pytest.mark.parametrize(("scope", "order"), SCOPES_AND_ORDERS)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.cases(13)
def test_equals_a_loop_for_every_network(network: Any, scope: str, order: int) -> None:
    check(make_batch(network, some_missing()), scope, order)


@pytest.mark.parametrize(("scope", "order"), SCOPES_AND_ORDERS)
def test_parts_in_both_roles_give_the_mean_of_two_updates(scope: str, order: int) -> None:
    batch = make_batch(mixture("static", "per_expert"), some_missing())
    found = update(batch, scope=scope, order=order, both_roles=True)
    each = [
        naive_update(batch, round(2 / 3 * len(batch)), RATE, scope, order, swapped=swapped)
        for swapped in (False, True)
    ]
    mean = {name: (one + each[1][name]) / 2 for name, one in each[0].items()}
    assert_equal(found, mean)


OBJECTIVES: dict[str, dict[str, Any]] = {
    "mixture alone": {"expert_loss": 0.0},
    "decoupled": {"decoupled": True},
    "mean per task": {"reduction": "mean_per_task"},
    "positive weights": {"positive_weight": True, "decoupled": True},
    "dense inputs": {"dense": True},
}


@pytest.mark.parametrize(("scope", "order"), SCOPES_AND_ORDERS)
@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
@pytest.mark.parametrize("tower", ["linear", "mlp"])
@pytest.mark.cases(11)
def test_equals_a_loop_for_every_objective(
    tower: str, objective: dict[str, Any], scope: str, order: int
) -> None:
    check(make_batch(mixture("task_embedding", tower), some_missing(), **objective), scope, order)


@pytest.mark.parametrize(("scope", "order"), SCOPES_AND_ORDERS)
@pytest.mark.cases(2)
def test_equals_a_loop_with_128_tasks(scope: str, order: int) -> None:
    network = mixture("static", "per_expert", connections=CLOSED)
    mask = some_missing(24, 128)
    check(make_batch(network, mask, decoupled=True), scope, order)


@pytest.mark.parametrize(("scope", "order"), SCOPES_AND_ORDERS)
@pytest.mark.parametrize("reduction", ["sum", "mean_per_task"])
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.cases(12)
def test_equals_a_loop_for_mixed_kinds(
    network: Any, reduction: str, scope: str, order: int
) -> None:
    mask = some_missing(12, len(MIXED))
    mask[:, 2] = True
    batch = make_batch(
        network,
        mask,
        kinds=MIXED,
        reduction=reduction,
        positive_weight=True,
        decoupled=reduction == "sum",
    )
    check(batch, scope, order)


@settings(max_examples=15, deadline=None)
@given(arrays(bool, (6, 3)), st.sampled_from(SCOPES_AND_ORDERS))
def test_equals_a_loop_for_every_mask(mask: np.ndarray, case: tuple[str, int]) -> None:
    batch = make_batch(mixture("low_rank", "per_expert"), mask, reduction="mean_per_task")
    scope, order = case
    fast = update(batch, scope=scope, order=order)
    assert_equal(fast, naive_update(batch, 4, RATE, scope, order))


@pytest.mark.parametrize(("scope", "order"), SCOPES_AND_ORDERS)
def test_a_task_without_inner_rows_takes_no_step(scope: str, order: int) -> None:
    mask = some_missing()
    mask[:8] = False
    batch = make_batch(mixture("linear"), mask)
    fast = update(batch, scope=scope, order=order)
    batch.part(8, 12).task_losses().sum().backward()
    plain = {n: g * 4 / 4 for n, g in gradients(batch.network).items()}
    assert_equal(fast, plain)


@pytest.mark.parametrize(("scope", "order"), SCOPES_AND_ORDERS)
def test_closed_connections_get_exactly_zero(scope: str, order: int) -> None:
    matrix = [[True, False, True], [False, True, True], [True, True, False], [True, False, False]]
    network = mixture("static", connections={"kind": "matrix", "matrix": matrix})
    batch = make_batch(network, np.ones((9, 4), bool), expert_loss=0.0)
    score = update(batch, scope=scope, order=order)["gate.score"]
    is_open = torch.tensor(matrix)
    assert (score[~is_open] == 0).all()
    assert (score[is_open].view(-1)[:-1] != 0).all()  # the last task has no choice


@pytest.mark.parametrize(("scope", "order"), SCOPES_AND_ORDERS)
def test_a_permutation_of_tasks_permutes_the_update(scope: str, order: int) -> None:
    batch = make_batch(mixture("static"), some_missing())
    before = update(batch, scope=scope, order=order)
    order_of_tasks = torch.tensor([3, 0, 4, 2, 1])
    network, data = batch.network, batch.data
    permuted = {"gate.score": 0, "tower.weight": 1, "tower.bias": 0}
    with torch.no_grad():
        for name, axis in permuted.items():
            parameter = network.get_parameter(name)
            parameter.copy_(parameter.index_select(axis, order_of_tasks))
    data._whole = data._whole[:, order_of_tasks]  # type: ignore[attr-defined]
    after = update(Batch(network, batch.objective, data, batch.rows), scope=scope, order=order)
    for name, axis in permuted.items():
        before[name] = before[name].index_select(axis, order_of_tasks)
    assert_equal(after, before)


@pytest.mark.parametrize(("scope", "order"), SCOPES_AND_ORDERS)
def test_the_size_of_chunks_changes_nothing(scope: str, order: int) -> None:
    batch = make_batch(mixture("low_rank"), some_missing())
    one = update(batch, scope=scope, order=order, chunk_size=1)
    assert_equal(update(batch, scope=scope, order=order, chunk_size=99), one)


@pytest.mark.parametrize("scope", ["task", "all"])
@pytest.mark.parametrize("sampling", ["uniform", "actives"])
def test_a_sample_is_the_weighted_update_of_its_tasks(scope: str, sampling: str) -> None:
    batch = make_batch(mixture("static"), some_missing())
    drawn = balancer(5, scope=scope, tasks_per_step=2, task_sampling=sampling)
    torch.manual_seed(3)
    drawn(batch).loss.backward()
    sampled = gradients(batch.network)
    used = (sampled["tower.bias"] != 0).nonzero().flatten().tolist()
    assert len(used) == 2
    sizes = np.array([0.0, 1.0, 1.0])
    targets, mask = batch.labels
    if sampling == "actives":
        sizes = np.array([1 + float(targets[mask[:, t], t].sum()) for t in (0, 3, 4)])
    else:
        sizes = np.ones(3)
    chances = dict(zip((0, 3, 4), np.minimum(1, 2 * sizes / sizes.sum()), strict=True))
    weights = [1 / chances[t] if t in used else 0.0 for t in range(5)]
    assert_equal(sampled, naive_update(batch, 8, RATE, scope, 1, weights))


def test_recorded_losses_are_those_before_the_step() -> None:
    batch = make_batch(mixture("linear"), some_missing(), reduction="mean_per_task")
    expected = batch.part(0, 8).task_losses().detach()
    for scope in ("task", "all"):
        recorded = balancer(5, scope=scope)(batch).task_losses
        torch.testing.assert_close(recorded, expected)
        assert not recorded.requires_grad


def test_the_current_rate_is_the_optimizers() -> None:
    batch = make_batch(mixture(), some_missing())
    current = balancer(5, inner_learning_rate="current")
    current.learning_rate = RATE
    current(batch).loss.backward()
    assert_equal(gradients(batch.network), update(batch))


@pytest.mark.parametrize("scope", ["task", "all"])
def test_a_batch_of_one_row_is_a_plain_step(scope: str) -> None:
    batch = make_batch(mixture(), np.ones((1, 3), bool))
    fast = update(batch, scope=scope)
    batch.task_losses().sum().backward()
    assert_equal(fast, gradients(batch.network))


@pytest.mark.parametrize(("scope", "order"), SCOPES_AND_ORDERS)
def test_bfloat16_is_near(scope: str, order: int) -> None:
    network = mixture("linear", "per_expert")
    exact = update(make_batch(network, some_missing(24), decoupled=True), scope=scope, order=order)
    rough_batch = make_batch(network, some_missing(24), decoupled=True, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        rough = balancer(5, scope=scope, order=order)(rough_batch)
    rough.loss.backward()
    for name, gradient in gradients(rough_batch.network).items():
        error = (gradient.double() - exact[name]).norm()
        assert error < 0.05 * exact[name].norm() + 1e-4, name


@pytest.mark.parametrize("scope", ["task", "all"])
def test_dropout_runs_and_follows_the_seed(scope: str) -> None:
    network = mixture("low_rank", "mlp", experts=[{**GROUPS[0], "dropout": 0.5}])
    network["gate"] = {"kind": "low_rank", "dropout": 0.3, "expert_dropout": 0.3}
    network["tower"] = {"kind": "mlp", "dropout": 0.3}
    batch = make_batch(network, some_missing())
    batch.network.train()
    runs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        runs.append(update(batch, scope=scope)["tower.bias"])
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


@pytest.mark.parametrize(
    "wrong", [{"inner_share": 1.0}, {"scope": "gates"}, {"order": 3}, {"inner_learning_rate": "x"}]
)
def test_wrong_settings_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        balance_config({"kind": "two_step", **wrong})
