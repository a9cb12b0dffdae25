"""The inner step on what belongs to one task alone: exact for all tasks in one backward pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from bioassay_mtl.balance.losses import TaskLosses
from bioassay_mtl.balance.objective import Batch, Objective
from bioassay_mtl.balance.reductions import task_means
from bioassay_mtl.balance.two_step.task_parameters import own_layers, own_parameters
from bioassay_mtl.nn.inputs import InputLinear, Inputs, Products, similarities


@dataclass(frozen=True)
class TwoStepBatch:
    """A batch in two parts, and how far the inner step goes.

    Parameters
    ----------
    batch
        Batch whose first ``n_inner`` rows are one part, the inner one unless ``swapped``.
    n_inner
        Number of rows of the first part: at least 1, and fewer than those of the batch.
    rate
        Learning rate of the inner step.
    order
        1: the inner gradient counts as a constant; 2: the update is the exact gradient.
    swapped
        Whether the first rows are the outer ones, and the others the inner ones.
    """

    batch: Batch
    n_inner: int
    rate: float
    order: int
    swapped: bool = False

    @property
    def network(self) -> Any:
        return self.batch.network

    @property
    def objective(self) -> Objective:
        """Objective of the outer rows."""
        return self.batch.objective

    @cached_property
    def inner(self) -> Batch:
        """Inner rows; judged by means over each task's cells, and as outer rows.

        Its losses are ``(2, T)``.
        """
        reduce = self.objective.reduce

        def both(losses: TaskLosses) -> Tensor:
            return torch.stack([task_means(losses), reduce(losses)])

        return replace(self._part(not self.swapped), objective=replace(self.objective, reduce=both))

    @cached_property
    def outer(self) -> Batch:
        """Outer rows, all others."""
        return self._part(self.swapped)

    def _part(self, is_first: bool) -> Batch:
        first = 0, self.n_inner
        return self.batch.part(*(first if is_first else (self.n_inner, len(self.batch))))

    def stepped_product(self, layer: InputLinear, gradient: Tensor) -> Tensor:
        """Change of a layer's product with the outer rows by an inner step on its tables.

        ``X_out (W - rate X_in^T D) = X_out W - rate (X_out X_in^T) D``: no table is formed.

        Parameters
        ----------
        layer
            Reads the inputs.
        gradient
            D ``(..., B_in, n)``: of the inner loss with respect to ``X_in W``.
        """
        return -self.rate * (self._similarity(tuple(layer.tables)) @ gradient)

    def _similarity(self, names: tuple[str, ...]) -> Tensor:
        if names not in self._similarities:
            dtype = self.network.tower.bias.dtype
            outer, inner = self.outer.inputs, self.inner.inputs
            self._similarities[names] = similarities(outer, inner, names, dtype)
        return self._similarities[names]

    @cached_property
    def _similarities(self) -> dict[tuple[str, ...], Tensor]:
        return {}


class Logits(nn.Module):
    """The objective's logits as a module, so that parameters of the network can be exchanged.

    Parameters
    ----------
    network
        The network.
    objective
        Tells whether the logits of each expert are wanted, too.
    """

    def __init__(self, network: Any, objective: Objective) -> None:
        super().__init__()
        self.network, self.objective = network, objective

    def forward(
        self, inputs: Inputs, experts: Tensor | None = None, targets: Any = None
    ) -> tuple[Tensor, ...]:
        """``(B, T)`` of the mixture and, if wanted, ``(E, B, T)`` of each expert.

        Outputs of the measured cells alone, where targets are such cells.
        """
        network = self.network
        experts = network.experts(inputs) if experts is None else experts
        gates = network.mixing_weights(inputs)
        logits, alone = self.objective.logits(network, experts, gates, targets)
        return (logits,) if alone is None else (logits, alone)

    def of(
        self,
        parameters: Mapping[str, Tensor],
        inputs: Inputs,
        experts: Tensor | None = None,
        targets: Any = None,
    ) -> tuple[Tensor, ...]:
        """The same with other parameters, by their names in the network."""
        named = {f"network.{name}": value for name, value in parameters.items()}
        logits: tuple[Tensor, ...] = torch.func.functional_call(
            self, named, (inputs, experts, targets)
        )
        return logits


@dataclass(frozen=True)
class Adapted:
    """After the inner step on what belongs to one task alone.

    Attributes
    ----------
    parameters
        Stepped, by name.
    products
        Products of the stepped tables with the outer rows, by layer.
    inner_products
        Products of the tables as they were with the inner rows.
    losses
        ``(T,)`` of the inner rows before the step, reduced as the outer rows' are; detached.
    """

    parameters: dict[str, Tensor]
    products: dict[InputLinear, Tensor]
    inner_products: dict[InputLinear, Tensor]
    losses: Tensor


def adapt_own(step: TwoStepBatch, experts: Tensor, known: Mapping[InputLinear, Tensor]) -> Adapted:
    """Step on everything that belongs to one task alone.

    These parts are disjoint between tasks, so the gradient of the sum of the inner losses holds
    every task's own gradient.

    Parameters
    ----------
    step
        The batch.
    experts
        ``(B_in, E, H)``.
    known
        Products of the inner rows with other layers of the gate.
    """
    network, inner = step.network, step.inner
    own = own_parameters(network)
    products = {layer: layer(inner.inputs) for layer in own_layers(network)}
    gates = network.mixing_weights(Products(inner.inputs, {**known, **products}))
    losses = inner.objective(network, experts, gates, *inner.labels)
    variables = [*own.values(), *products.values()]
    gradients = torch.autograd.grad(losses[0].sum(), variables, create_graph=step.order == 2)
    parameters = {
        name: value - step.rate * gradient
        for (name, value), gradient in zip(own.items(), gradients[: len(own)], strict=True)
    }
    stepped = {
        layer: layer(step.outer.inputs) + step.stepped_product(layer, gradient)
        for layer, gradient in zip(products, gradients[len(own) :], strict=True)
    }
    return Adapted(parameters, stepped, products, losses[1].detach())


def task_update(step: TwoStepBatch, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """Loss of the outer rows after a step on towers and gates, and ``(T,)`` losses before it."""
    network, outer = step.network, step.outer
    with torch.set_grad_enabled(step.order == 2):
        experts = network.experts(step.inner.inputs)
    torch.clear_autocast_cache()  # it may hold casts of the weights that have no gradient
    adapted = adapt_own(step, experts, {})
    inputs = Products(outer.inputs, adapted.products)
    mixed, *alone = Logits(network, step.objective).of(
        adapted.parameters, inputs, targets=outer.labels[0]
    )
    losses = step.objective.of_logits(mixed, alone[0] if alone else None, network, *outer.labels)
    loss = losses.sum() if weights is None else (losses * weights).sum()
    return loss, adapted.losses
