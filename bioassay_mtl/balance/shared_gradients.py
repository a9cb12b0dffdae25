"""Every task's gradient at the representation that tasks share: the experts' outputs.

What balances tasks by their gradients changes the gradient of shared parameters, those of the
experts; the parameters of single tasks, towers and gates, have the gradient of their own task. The
bottleneck that some gates share is the gates' own: it has the plain sum.

At T = 128 a backward pass for each task costs over 100 steps. A tower that votes is linear in the
experts, and then one cheap backward pass from the losses to the votes ``(E, B, T)`` tells all: with
``A_e[b, t] = dL_t / dvote_ebt`` and the tower's weights ``V_e (H, T)``, the gradient of task t at
expert e's output for molecule b is ``A_e[b, t] V_e[:, t]``, and the inner products of all tasks'
gradients are ``sum_e (A_e^T A_e) * (V_e^T V_e)``, elementwise. The gradient of a task with several
outputs is the sum of theirs, and its inner products are sums over pairs of outputs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from bioassay_mtl.balance.objective import Batch, full_precision
from bioassay_mtl.nn.outputs import Outputs
from bioassay_mtl.nn.towers import VotingTower

TASKS_AT_ONCE = 16
"""Tasks whose gradients are computed side by side: memory grows with their number."""


class SharedGradients(ABC):
    """Losses of a batch, and the gradient of each at the experts' outputs ``(B, E, H)``.

    Attributes
    ----------
    losses
        ``(T,)``; their graph ends at the experts' outputs.
    """

    losses: Tensor
    _experts: Tensor

    @abstractmethod
    def gramian(self) -> Tensor:
        """``(T, T)``: inner products of the tasks' gradients, at least in single precision."""

    @abstractmethod
    def norms(self) -> Tensor:
        """``(T,)``: Euclidean norms of the tasks' gradients."""

    @abstractmethod
    def combine(self, weights: Tensor) -> Tensor:
        """``(B, E, H)``: the sum of the tasks' gradients, weighed ``(T,)``."""

    @abstractmethod
    def parts(self) -> tuple[Tensor, Tensor]:
        """``(B, E, H)`` sums of what is positive, and of what is negative, in the gradients.

        Both at least 0: the plain sum is their difference.
        """

    def update(self, shared: Tensor, weights: Tensor | None = None) -> Tensor:
        """A number whose gradient is the update; its value is the (weighted) sum of the losses.

        Parameters
        ----------
        shared
            ``(B, E, H)``: the gradient of the experts' outputs.
        weights
            ``(T,)`` of the gradients of towers and gates; None for the plain sum.
        """
        total = (self.losses if weights is None else self.losses * weights).sum()
        loss: Tensor = _WithGradient.apply(total, self._experts, shared)  # type: ignore[no-untyped-call]
        return loss


def shared_gradients(batch: Batch) -> SharedGradients:
    """The gradients of a batch: in closed form where the network's tower allows."""
    is_linear = isinstance(batch.network.tower, VotingTower)
    return VoteGradients(batch) if is_linear else TaskGradients(batch)


class VoteGradients(SharedGradients):
    """The closed form, for towers that vote."""

    def __init__(self, batch: Batch) -> None:
        network, objective = batch.network, batch.objective
        self._experts = network.experts(batch.inputs)
        gates = network.mixing_weights(batch.inputs)
        votes = full_precision(network.tower.expert_logits(self._experts.detach()))
        alone = votes if objective.trains_experts_alone(network) else None
        stops = alone is not None and objective.decoupled
        logits = network.tower.mix(votes.detach() if stops else votes, gates)
        labels = batch.dense_labels("this balancer")
        self.losses = objective.of_logits(logits, alone, network, *labels)
        # (E, B, O)
        (self._slopes,) = torch.autograd.grad(self.losses.sum(), votes, retain_graph=True)
        weight: Tensor = network.tower.weight.detach()
        # (E or 1, H, O)
        self._weights = weight if weight.dim() == 3 else weight[None]
        self._outputs: Outputs = network.outputs
        self._owner: Tensor = network.tower.owner

    def gramian(self) -> Tensor:
        # Half precision would lose the small angles between gradients.
        with torch.autocast(self._slopes.device.type, enabled=False):
            weights = full_precision(self._weights)
            products: Tensor = (self._slopes.mT @ self._slopes) * (weights.mT @ weights)
            return self._by_task(self._by_task(products.sum(0)).T)

    def _by_task(self, of_outputs: Tensor) -> Tensor:
        """``(O, n)`` summed over the outputs of each task, ``(T, n)``."""
        if self._outputs.is_plain:
            return of_outputs
        every = of_outputs.new_zeros(len(self.losses), of_outputs.shape[1])
        return every.index_add(0, self._owner, of_outputs)

    def norms(self) -> Tensor:
        if not self._outputs.is_plain:
            norms: Tensor = self.gramian().diagonal().clamp_min(0).sqrt()
            return norms
        weights = full_precision(self._weights)
        squares: Tensor = self._slopes.square().sum(1) * weights.square().sum(1)
        return squares.sum(0).sqrt()

    def combine(self, weights: Tensor) -> Tensor:
        combined = (self._slopes * weights[self._owner]) @ self._weights.mT
        return combined.transpose(0, 1)

    def parts(self) -> tuple[Tensor, Tensor]:
        several = [o for group in self._outputs.groups for o in group.outputs if len(o) > 1]
        slopes, weights = self._slopes, self._weights
        if several:  # what is left has one output a task, and its parts a closed form
            single = torch.ones_like(self._owner, dtype=torch.bool)
            single[torch.cat(several).to(single.device)] = False
            slopes, weights = slopes[..., single], weights[..., single]
        slope_up, slope_down = slopes.clamp_min(0), -slopes.clamp_max(0)
        up, down = weights.clamp_min(0).mT, -weights.clamp_max(0).mT
        positive = slope_up @ up + slope_down @ down
        negative = slope_up @ down + slope_down @ up
        for outputs in several:
            of_task = self._slopes[..., outputs] @ self._weights[..., outputs].mT
            positive, negative = positive + of_task.clamp_min(0), negative - of_task.clamp_max(0)
        return full_precision(positive).transpose(0, 1), full_precision(negative).transpose(0, 1)


class TaskGradients(SharedGradients):
    """One backward pass for each task, for any tower; holds ``T x B x E x H`` numbers.

    On an accelerator one pass serves some tasks together.
    """

    def __init__(self, batch: Batch) -> None:
        self._experts = batch.network.experts(batch.inputs)
        gates = batch.network.mixing_weights(batch.inputs)
        leaf = self._experts.detach().requires_grad_()
        labels = batch.dense_labels("this balancer")
        self.losses = batch.objective(batch.network, leaf, gates, *labels)
        # (T, B, E, H)
        if leaf.device.type == "cpu":
            self._rows = leaf.new_zeros(len(self.losses), *leaf.shape)
            for task in batch.present.nonzero().flatten().tolist():
                (self._rows[task],) = torch.autograd.grad(
                    self.losses[task], leaf, retain_graph=True
                )
        else:
            self._rows = _side_by_side(self.losses, leaf)

    def gramian(self) -> Tensor:
        with torch.autocast(self._rows.device.type, enabled=False):
            rows = full_precision(self._rows).flatten(1)
            return rows @ rows.T

    def norms(self) -> Tensor:
        norms: Tensor = full_precision(self._rows).flatten(1).norm(dim=1)
        return norms

    def combine(self, weights: Tensor) -> Tensor:
        combined: Tensor = torch.tensordot(weights.to(self._rows.dtype), self._rows, dims=1)
        return combined

    def parts(self) -> tuple[Tensor, Tensor]:
        rows = full_precision(self._rows)
        return rows.clamp_min(0).sum(0), -rows.clamp_max(0).sum(0)


def _side_by_side(losses: Tensor, leaf: Tensor) -> Tensor:
    """``(T, ...)``: the gradient of each loss, `TASKS_AT_ONCE` by each backward pass.

    An accelerator spends its time on the number of operations more than on their size.
    """
    which = torch.eye(len(losses), dtype=losses.dtype, device=losses.device)
    return torch.cat(
        [
            torch.autograd.grad(losses, leaf, some, retain_graph=True, is_grads_batched=True)[0]
            for some in which.split(TASKS_AT_ONCE)
        ]
    )


class _WithGradient(torch.autograd.Function):
    """A number as it is, to which a tensor x adds nothing but a given gradient."""

    @staticmethod
    def forward(ctx: Any, number: Tensor, x: Tensor, gradient: Tensor) -> Tensor:
        ctx.save_for_backward(gradient.to(x.dtype))
        return number.clone()

    @staticmethod
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return outer, outer * gradient, None
