"""Two-step balancing as its definition reads: a copy of the network and a loop over tasks."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bioassay_mtl.balance import Batch, Objective, masked_bce, reductions
from bioassay_mtl.balance.reductions import task_means
from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.nn import build_network, network_config
from bioassay_mtl.nn.rows import RowIndices
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training.batches import ResidentData
from tests.balance.mixed_tasks import mixed_labels, mixed_losses

N_FEATURES = {"a": 24, "b": 16}

GROUPS = [
    {"inputs": ["a"], "n": 2, "width": 5, "depth": 2, "dropout": 0.0, "activation": "silu"},
    {"inputs": ["a", "b"], "n": 1, "width": 5, "depth": 1, "dropout": 0.0},
]


def mixture(gate: str = "static", tower: str = "linear", **more: Any) -> dict[str, Any]:
    """Three experts on two inputs."""
    return {
        "kind": "mmoeex",
        "experts": GROUPS,
        "gate": {"kind": gate, "rank": 3},
        "tower": {"kind": tower, "width": 3},
        **more,
    }


class DenseData(ResidentData):
    """Inputs as an accelerator has them."""

    def inputs(self, rows: RowIndices) -> Any:
        sparse: Any = super().inputs(rows)
        return {name: x.dense(torch.float64) for name, x in sparse.items()}


def make_batch(
    network: dict[str, Any],
    mask: np.ndarray,
    *,
    reduction: str = "sum",
    expert_loss: float = 0.7,
    decoupled: bool = False,
    positive_weight: bool = False,
    dense: bool = False,
    dtype: torch.dtype = torch.float64,
    kinds: Sequence[TaskKind] = (),
) -> Batch:
    """Random molecules and labels for a network with random weights (gates and biases, too)."""
    rng = np.random.default_rng(0)
    n_rows, n_tasks = mask.shape
    torch.manual_seed(0)
    tasks = [f"t{t}" for t in range(n_tasks)]
    built: Any = build_network(network_config(network), N_FEATURES, tasks, kinds)
    with torch.no_grad():
        for parameter in built.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    built.to(dtype)
    blocks = {
        name: PackedBits(np.packbits(rng.random((n_rows, n)) < 0.3, axis=1), n)
        for name, n in N_FEATURES.items()
    }
    labels = np.where(mask, rng.random(mask.shape) < 0.4, -1).astype(np.int8)
    data = (DenseData if dense else ResidentData)(blocks, labels, torch.device("cpu"))
    weight = torch.linspace(0.5, 3, n_tasks, dtype=dtype) if positive_weight else None
    losses: Any = partial(masked_bce, positive_weight=weight)
    if kinds:
        values, bounds = mixed_labels(kinds, mask)
        cells = MeasuredCells.from_dense(values.astype(np.float32), bounds)
        data = (DenseData if dense else ResidentData)(blocks, cells, torch.device("cpu"), kinds)
        losses = mixed_losses(built.outputs, positive_weight)
    objective = Objective(
        losses, reductions[reduction], expert_loss=expert_loss, decoupled=decoupled
    )
    return Batch(built, objective, data, torch.arange(n_rows))


def gradients(network: Any) -> dict[str, Tensor]:
    """Those of a backward pass, also taken away."""
    found = {name: parameter.grad for name, parameter in network.named_parameters()}
    network.zero_grad()
    return {name: torch.zeros(()) if g is None else g for name, g in found.items()}


def naive_update(
    batch: Batch,
    n_inner: int,
    rate: float,
    scope: str,
    order: int,
    weights: Sequence[float] | None = None,
    swapped: bool = False,
) -> dict[str, Tensor]:
    """The gradient, task by task."""
    network = batch.network
    inner, outer = batch.part(0, n_inner), batch.part(n_inner, len(batch))
    inner, outer = (outer, inner) if swapped else (inner, outer)
    shared = tuple(f"gate.{prefix}" for prefix in network.gate.shared)
    names = [name for name, _ in network.named_parameters()]
    adapted = [
        name
        for name in names
        if scope == "all" or (name.startswith(("gate.", "tower.")) and not name.startswith(shared))
    ]
    total = torch.zeros((), dtype=torch.float64)
    for task in range(batch.labels[1].shape[1]):
        before = replace(inner, objective=replace(batch.objective, reduce=task_means))
        loss = before.task_losses()[task]
        steps = torch.autograd.grad(
            loss,
            [network.get_parameter(name) for name in adapted],
            create_graph=order == 2,
            allow_unused=True,
            materialize_grads=True,
        )
        changed = dict(network.named_parameters())
        for name, step in zip(adapted, steps, strict=True):
            changed[name] = changed[name] - rate * step
        after = replace(outer, network=copy_with(network, changed))
        weight = 1.0 if weights is None else weights[task]
        total = total + weight * after.task_losses()[task]
    total.backward()
    return gradients(network)


def copy_with(network: Any, parameters: dict[str, Tensor]) -> Any:
    """A deep copy of the network with other tensors for parameters, graph and all."""
    clone = copy.deepcopy(network)
    for name, value in parameters.items():
        path, _, last = name.rpartition(".")
        module = clone.get_submodule(path)
        del module._parameters[last]
        setattr(module, last, value)
    return clone
