"""A small network in double precision, and a batch of which a third was not measured."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from bioassay_mtl.balance import Batch, Objective, masked_bce, reductions
from bioassay_mtl.nn import build_network, network_config
from bioassay_mtl.tasks.kinds import TaskKind
from tests.balance.mixed_tasks import mixed_labels, mixed_losses

N_ROWS, N_FEATURES = 12, 9
CONNECTIONS = [[1, 1, 0], [0, 1, 1], [1, 0, 1], [1, 1, 1], [0, 0, 1]]
TASKS = [f"task-{t}" for t in range(len(CONNECTIONS))]


class DenseRows:
    """Random inputs and labels; cells that were not measured hold NaN."""

    def __init__(self, mask: Tensor, kinds: Sequence[TaskKind] = ()) -> None:
        generator = torch.Generator().manual_seed(0)
        self.x = torch.randn(len(mask), N_FEATURES, generator=generator, dtype=torch.float64)
        labels = torch.rand(mask.shape, generator=generator, dtype=torch.float64).round()
        self.labels, self.mask = labels.masked_fill(~mask, torch.nan), mask
        self.bounds: Tensor | None = None
        if kinds:
            values, bounds = mixed_labels(kinds, mask.numpy())
            self.labels, self.bounds = torch.from_numpy(values), torch.from_numpy(bounds)

    def inputs(self, rows: Tensor) -> dict[str, Tensor]:
        return {"x": self.x[rows]}

    def targets(self, rows: Tensor) -> tuple[Tensor, ...]:
        bounds = () if self.bounds is None else (self.bounds[rows],)
        return self.labels[rows], self.mask[rows], *bounds

    dense_targets = targets


def random_mask(absent: tuple[int, ...] = ()) -> Tensor:
    """``(12, 5)``: two thirds measured, but nothing of absent tasks."""
    mask = torch.rand(N_ROWS, len(TASKS), generator=torch.Generator().manual_seed(1)) < 2 / 3
    mask[:, list(absent)] = False
    return mask


def small_batch(
    *,
    tower: str = "per_expert",
    gate: str = "static",
    closed: bool = False,
    absent: tuple[int, ...] = (),
    expert_loss: float = 0.0,
    decoupled: bool = False,
    reduction: str = "sum",
    positive_weight: Tensor | None = None,
    kinds: Sequence[TaskKind] = (),
) -> Batch:
    """5 tasks, 12 molecules and 3 experts; all parameters are random, the same in every call."""
    settings: dict[str, Any] = {
        "experts": [{"inputs": ["x"], "n": 3, "width": 4, "depth": 2, "dropout": 0.0}],
        "gate": {"kind": gate, "rank": 3},
        "tower": {"kind": tower, "width": 3},
    }
    if closed:
        settings["connections"] = {"kind": "matrix", "matrix": CONNECTIONS}
    torch.manual_seed(2)
    built: Any = build_network(network_config(settings), {"x": N_FEATURES}, TASKS, kinds)
    network = built.double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_()
    losses: Any = partial(masked_bce, positive_weight=positive_weight)
    if kinds:
        losses = mixed_losses(network.outputs, positive_weight is not None)
    objective = Objective(losses, reductions[reduction], expert_loss, decoupled)
    rows = torch.arange(N_ROWS)
    return Batch(network, objective, DenseRows(random_mask(absent), kinds), rows)


def jacobian(batch: Batch) -> Tensor:
    """``(T, B E H)``: every task's gradient at the experts' outputs, by a backward pass each."""
    experts = batch.network.experts(batch.inputs).detach().requires_grad_()
    gates = batch.network.mixing_weights(batch.inputs)
    losses = batch.objective(batch.network, experts, gates, *batch.labels)
    rows = [
        torch.autograd.grad(loss, experts, retain_graph=True, allow_unused=True)[0]
        for loss in losses
    ]
    return torch.stack([torch.zeros_like(experts) if r is None else r for r in rows]).flatten(1)


def gradients(batch: Batch, loss: Tensor) -> dict[str, Tensor]:
    """What a backward pass leaves in every parameter of the network."""
    batch.network.zero_grad()
    loss.backward()
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
        for name, p in batch.network.named_parameters()
    }


def expected_gradients(
    batch: Batch, aggregate: Tensor, task_weights: Tensor | float = 1.0
) -> dict[str, Tensor]:
    """Experts with a given gradient ``(B E H)`` at their outputs; the rest with their own."""
    experts = batch.network.experts(batch.inputs)
    shared = gradients(batch, (experts.flatten() * aggregate).sum())
    own = gradients(batch, (batch.task_losses() * task_weights).sum())
    return {name: (shared if name.startswith("groups.") else own)[name] for name in own}


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float) -> None:
    """The same gradients, relative to the largest of each parameter."""
    for name, value in expected.items():
        bound = tolerance * max(1e-3, value.abs().max().item())
        torch.testing.assert_close(found[name], value, rtol=0, atol=bound, msg=name)
