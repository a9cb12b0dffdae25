"""The inner step on every parameter: chunks of tasks side by side, without copies of the network.

The inner pass is the same for all tasks, so there is one forward pass, and a backward pass for
every task. Tables of input layers, by far the largest parameters, are never stepped: a step changes
their product with the outer rows by a product of similarities (see ``stepped_product``). What is
left for each task is its own outer pass. Chunks give up their memory one after the other: their
gradients are summed as they come, with respect to the parameters, the products of the tables and
what adapt_own returns.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap

from bioassay_mtl.balance.objective import Batch
from bioassay_mtl.balance.two_step.own_task import Logits, TwoStepBatch, adapt_own
from bioassay_mtl.balance.two_step.task_parameters import (
    columns_of_tasks,
    input_layers,
    of_tasks,
    own_buffers,
    own_layers,
    own_parameters,
    shared_parameters,
)
from bioassay_mtl.nn.inputs import InputLinear, Products

ByName = dict[str, Tensor]
ByLayer = dict[InputLinear, Tensor]


def all_update(
    step: TwoStepBatch, weights: Tensor | None, chunk_size: int
) -> tuple[Tensor, Tensor]:
    """Loss of the outer rows after a step on everything, and ``(T,)`` losses before it."""
    chunks = _Chunks(step)
    judged = step.outer.present
    if weights is None:
        weights = judged.to(step.network.tower.bias.dtype)
    tasks = (judged & (weights != 0)).nonzero().flatten()
    total: Tensor = weights.new_zeros(())
    gradients = [
        torch.zeros_like(variable, dtype=torch.promote_types(variable.dtype, torch.float32))
        for variable in chunks.variables
    ]
    for chunk in step.network.outputs.split(tasks, chunk_size):
        loss, of_chunk = chunks.gradients(chunk, weights[chunk])
        total = total + loss
        for gradient, more in zip(gradients, of_chunk, strict=True):
            gradient += more
    stored: Tensor = _Stored.apply(total, gradients, *chunks.variables)  # type: ignore[no-untyped-call]
    return stored, chunks.adapted.losses


class _Chunks:
    """Work that all tasks share, and the gradients of some tasks at a time.

    Parameters
    ----------
    step
        The batch.
    """

    def __init__(self, step: TwoStepBatch) -> None:
        network, self.step = step.network, step
        self.n_tasks = len(network.connections)
        self.second_order = step.order == 2
        self.logits = Logits(network, step.objective)
        self.own = own_parameters(network)
        shared = shared_parameters(network)
        self.of_gate = {n: p for n, p in shared.items() if n.startswith("gate.")}
        self.of_experts = {n: p for n, p in shared.items() if n not in self.of_gate}
        own = own_layers(network)
        layers = [layer for layer in input_layers(network) if layer not in own]
        self.inner_products: ByLayer = {layer: layer(step.inner.inputs) for layer in layers}
        self.outer_products: ByLayer = {layer: layer(step.outer.inputs) for layer in layers}
        inputs = Products(step.inner.inputs, self.inner_products)
        self.experts = network.experts(inputs)
        experts = self.experts if self.second_order else self.experts.detach()
        self.adapted = adapt_own(step, experts, self.inner_products)
        # Chunks meet these as leaves: the way back to the parameters is gone once, at the end.
        self.stepped = {n: _leaf(value) for n, value in self.adapted.parameters.items()}
        self.stepped_products = {n: _leaf(value) for n, value in self.adapted.products.items()}

    @property
    def variables(self) -> list[Tensor]:
        """Variables that the gradients of chunks are with respect to."""
        return self._variables(self.adapted.parameters, self.adapted.products)

    def _variables(self, parameters: ByName, products: ByLayer) -> list[Tensor]:
        groups: list[Iterable[Tensor]] = [
            parameters.values(),
            products.values(),
            self.of_gate.values(),
            self.of_experts.values(),
            self.outer_products.values(),
        ]
        if self.second_order:
            inner = self.adapted.inner_products
            groups += [self.own.values(), inner.values(), self.inner_products.values()]
        return [variable for group in groups for variable in group]

    def gradients(self, tasks: Tensor, weights: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Weighted loss of some tasks ``(C,)``, and its gradients."""
        rate, step = self.step.rate, self.step
        by_name, by_layer = self._inner_gradients(tasks)
        shared = {**self.of_gate, **self.of_experts}
        parameters = {name: shared[name] - rate * by_name[name] for name in by_name}
        parameters |= self._of_tasks(self.stepped, tasks)
        products = {
            layer: self.outer_products[layer] + step.stepped_product(layer, gradient)
            for layer, gradient in by_layer.items()
        }
        products |= self._columns_of_tasks(self.stepped_products, tasks)
        logits = self._logits(parameters, products, step.outer)
        loss = (self._losses(logits, tasks, step.outer)[tasks] * weights).sum()
        gradients = torch.autograd.grad(
            loss,
            self._variables(self.stepped, self.stepped_products),
            retain_graph=self.second_order,
            materialize_grads=True,
        )
        return loss.detach(), gradients

    def _inner_gradients(self, tasks: Tensor) -> tuple[ByName, ByLayer]:
        """Gradients of each task's inner loss: parameters and products that tasks share."""
        n, inner, second_order = len(tasks), self.step.inner, self.second_order
        modules = set(self.step.network.gate.modules())
        of_gate = {name: _repeated(value, n) for name, value in self.of_gate.items()}
        gate_products = {
            layer: _repeated(value, n)
            for layer, value in self.inner_products.items()
            if layer in modules
        }
        experts = _repeated(self.experts, n)
        logits = self._logits(
            {**of_gate, **self._of_tasks(self.own, tasks)},
            {**gate_products, **self._columns_of_tasks(self.adapted.inner_products, tasks)},
            inner,
            experts,
        )
        losses = self._losses(logits, tasks, inner)[0, tasks]
        of_experts, *gradients = torch.autograd.grad(
            losses.sum(),
            [experts, *of_gate.values(), *gate_products.values()],
            create_graph=second_order,
            retain_graph=True,
        )
        layers = [layer for layer in self.inner_products if layer not in gate_products]
        variables = [*(self.inner_products[layer] for layer in layers), *self.of_experts.values()]

        def back(of_experts: Tensor) -> tuple[Tensor, ...]:
            return torch.autograd.grad(
                self.experts, variables, of_experts, create_graph=second_order, retain_graph=True
            )

        gradients += vmap(back)(of_experts)
        names, layers = [*of_gate, *self.of_experts], [*gate_products, *layers]
        first = len(of_gate)
        by_layer = dict(zip(layers, gradients[first : first + len(layers)], strict=True))
        by_name = dict(
            zip(names, gradients[:first] + gradients[first + len(layers) :], strict=True)
        )
        return by_name, by_layer

    def _logits(
        self, parameters: ByName, products: ByLayer, rows: Batch, experts: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """``(C, B, k)`` and ``(C, E, B, k)`` for networks of one task of k outputs each."""
        layers = list(products)

        def one(parameters: ByName, products: list[Tensor], *experts: Tensor) -> tuple[Tensor, ...]:
            inputs = Products(rows.inputs, dict(zip(layers, products, strict=True)))
            return self.logits.of(parameters, inputs, *experts)

        given = () if experts is None else (experts,)
        several = vmap(one, randomness="same")
        logits: tuple[Tensor, ...] = several(parameters, list(products.values()), *given)
        return logits

    def _losses(self, logits: tuple[Tensor, ...], tasks: Tensor, rows: Batch) -> Tensor:
        """The objective's losses of all tasks, of which those of ``tasks`` count."""
        mixed, *alone = (self._among_all(some, tasks) for some in logits)
        return rows.objective.of_logits(
            mixed, alone[0] if alone else None, self.step.network, *rows.labels
        )

    def _among_all(self, logits: Tensor, tasks: Tensor) -> Tensor:
        """``(C, ..., B, k)`` of some tasks in their places among all, ``(..., B, O)``."""
        outputs = self.step.network.outputs.of(tasks).flatten()
        columns = logits.movedim(0, -2).flatten(-2)
        every = columns.new_zeros(*columns.shape[:-1], len(self.step.network.tower.bias))
        return every.index_copy(-1, outputs, columns)

    def _of_tasks(self, tensors: ByName, tasks: Tensor) -> ByName:
        network = self.step.network
        both = {**tensors, **own_buffers(network)}
        return {name: of_tasks(name, tensor, tasks, network) for name, tensor in both.items()}

    def _columns_of_tasks(self, products: ByLayer, tasks: Tensor) -> ByLayer:
        return {
            layer: columns_of_tasks(product, tasks, self.n_tasks)
            for layer, product in products.items()
        }


def _leaf(value: Tensor) -> Tensor:
    return value.detach().requires_grad_()


def _repeated(value: Tensor, n: int) -> Tensor:
    """``(n, ...)``, a view."""
    return value.expand(n, *value.shape)


class _Stored(torch.autograd.Function):
    """A loss whose gradients are known."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, gradients: list[Tensor], *variables: Tensor) -> Tensor:
        ctx.gradients = gradients
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, scale: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *(scale * gradient for gradient in ctx.gradients)
