"""Gradients at the shared representation in closed form, against one backward pass a task."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch

from bioassay_mtl.balance.shared_gradients import TaskGradients, VoteGradients, shared_gradients
from tests.balance.mixed_tasks import MIXED
from tests.balance.small_batch import (
    TASKS,
    assert_same,
    expected_gradients,
    gradients,
    jacobian,
    small_batch,
)

OBJECTIVES: list[dict[str, Any]] = [
    {"expert_loss": 0.0, "decoupled": True},
    {"expert_loss": 0.7, "decoupled": False},
    {"expert_loss": 0.7, "decoupled": True, "reduction": "mean_per_task"},
    {"positive_weight": torch.arange(1.0, 1 + len(TASKS)).double()},
]
CASES = [
    {"tower": tower, "closed": closed, **objective, "absent": absent}
    for tower, closed, objective, absent in product(
        ["linear", "per_expert", "mlp"], [False, True], OBJECTIVES, [(), (1, 3)]
    )
]
CASES += [
    {"tower": tower, "closed": closed, **objective, "absent": (), "kinds": MIXED}
    for tower, closed, objective in product(
        ["linear", "per_expert", "mlp"], [False, True], OBJECTIVES
    )
]
WEIGHTS = torch.tensor([0.5, 2.0, -1.0, 0.1, 3.0], dtype=torch.float64)


@pytest.mark.parametrize("case", CASES)
def test_gradients_equal_those_of_autograd(case: dict[str, Any]) -> None:
    batch = small_batch(**case)
    found, rows = shared_gradients(batch), jacobian(batch)
    assert isinstance(found, TaskGradients if case["tower"] == "mlp" else VoteGradients)
    expected = {
        "losses": batch.task_losses(),
        "gramian": rows @ rows.T,
        "norms": rows.norm(dim=1),
        "combined": WEIGHTS @ rows,
        "positive": rows.clamp_min(0).sum(0),
        "negative": -rows.clamp_max(0).sum(0),
    }
    positive, negative = found.parts()
    values = (found.losses, found.gramian(), found.norms(), found.combine(WEIGHTS))
    for (name, value), mine in zip(expected.items(), (*values, positive, negative), strict=True):
        mine = mine if name in ("losses", "gramian", "norms") else mine.flatten()
        torch.testing.assert_close(mine, value, rtol=1e-9, atol=1e-12, msg=name)


@pytest.mark.parametrize("gate", ["static", "low_rank", "linear", "task_embedding", "uniform"])
@pytest.mark.parametrize("case", CASES[::3])
@pytest.mark.cases(40)
def test_the_update_reaches_every_parameter(case: dict[str, Any], gate: str) -> None:
    batch = small_batch(**case, gate=gate)
    found, rows = shared_gradients(batch), jacobian(batch)
    loss = found.update(found.combine(WEIGHTS), WEIGHTS)
    torch.testing.assert_close(loss, (batch.task_losses() * WEIGHTS).sum())
    assert_same(gradients(batch, loss), expected_gradients(batch, WEIGHTS @ rows, WEIGHTS), 1e-9)
    plain = small_batch(**case, gate=gate)
    found = shared_gradients(plain)
    whole = gradients(plain, found.update(found.combine(torch.ones(5).double())))
    assert_same(whole, gradients(plain, plain.task_losses().sum()), 1e-9)


@pytest.mark.parametrize("tower", ["linear", "per_expert", "mlp"])
def test_half_precision_has_its_gramian_in_single(tower: str) -> None:
    batch = small_batch(tower=tower, expert_loss=0.7)
    batch.network.float()
    data: Any = batch.data
    data.x = data.x.float()
    rows = jacobian(batch)
    with torch.autocast("cpu", torch.bfloat16):
        found = shared_gradients(batch)
        gramian, norms = found.gramian(), found.norms()
        loss = found.update(found.combine(torch.ones(5)))
    assert gramian.dtype == norms.dtype == torch.float32
    torch.testing.assert_close(gramian.diagonal().sqrt(), norms)
    torch.testing.assert_close(gramian, rows @ rows.T, rtol=0.05, atol=0.02 * gramian.max().item())
    values = gradients(batch, loss).values()
    assert all(value.isfinite().all() and value.dtype == torch.float32 for value in values)
