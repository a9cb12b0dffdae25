"""Objective of a batch: one loss for every task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor

from bioassay_mtl.balance.cell_targets import CellTargets
from bioassay_mtl.balance.losses import KindLosses, TaskLosses
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.nn.rows import RowIndices

MOST_DENSE_TASKS = 2_000
"""Most tasks of a sparse panel: inner products of the gradients of more outlast a step."""

Targets = Tensor | CellTargets
CellLosses = Callable[..., TaskLosses]
"""``outputs (B, O)``, ``targets, mask (B, T)`` to the masked losses of every task.

Bounds of a panel with censored values are a fourth argument, ``(B, T)``."""


@dataclass(frozen=True)
class Objective:
    """Loss of the mixture, and of each expert on its own.

    Parameters
    ----------
    cell_losses
        Map from logits to the masked losses of every task.
    reduce
        Map from those to ``(T,)``, see :data:`bioassay_mtl.balance.reductions.reductions`.
    expert_loss
        Weight of the mean loss of the experts, each predicting alone the tasks that it serves.
    decoupled
        Whether the loss of the mixture stops at the gates.
    is_binary
        ``(T,) bool``: tasks whose targets of 1 are actives; None for all.
    """

    cell_losses: CellLosses
    reduce: Callable[[TaskLosses], Tensor]
    expert_loss: float = 0.0
    decoupled: bool = False
    is_binary: Tensor | None = None

    def __call__(self, network: Any, experts: Tensor, gates: Tensor, *labels: Any) -> Tensor:
        """Losses ``(T,)`` of the tasks.

        Parameters
        ----------
        network
            Network whose tower and connections are used.
        experts, gates
            ``(B, E, H)`` and ``(B or 1, T, E)``.
        labels
            Targets, mask (or weights of cells) and, where there are any, bounds, ``(B, T)`` each;
            or measured cells alone.
        """
        logits, alone = self.logits(network, experts, gates, *labels[:1])
        return self.of_logits(logits, alone, network, *labels)

    def logits(
        self, network: Any, experts: Tensor, gates: Tensor, targets: Targets | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Logits of the mixture and, where they have a part, of each expert: see of_logits.

        For targets that are measured cells, the logits of these alone, ``(P,)`` and ``(E, P)``.
        """
        if isinstance(targets, CellTargets):
            pairs = targets.pairs
            if not self.trains_experts_alone(network):
                return network.tower.at(experts, gates, pairs), None
            mixed, alone = network.tower.with_expert_logits_at(
                experts, gates, pairs, decoupled=self.decoupled
            )
            return mixed, alone
        if not self.trains_experts_alone(network):
            return network.tower(experts, gates), None
        logits, alone = network.tower.with_expert_logits(experts, gates, decoupled=self.decoupled)
        return logits, alone

    def trains_experts_alone(self, network: Any) -> bool:
        """Whether the experts' own losses have a part in the objective."""
        return bool(self.expert_loss) and network.connections.shape[1] > 1

    def of_logits(
        self,
        logits: Tensor,
        alone: Tensor | None,
        network: Any,
        targets: Targets,
        *more: Tensor,
    ) -> Tensor:
        """Losses ``(T,)`` for outputs of the mixture ``(B, O)``, of each expert ``(E, B, O)``."""
        if isinstance(targets, CellTargets):
            return self._of_cells(logits, alone, network, targets)
        mask, *bounds = more
        losses = self.reduce(self.cell_losses(full_precision(logits), targets, mask, *bounds))
        if alone is None:
            return losses
        # Experts are further rows: each predicts the measured cells of the tasks that it serves.
        served = mask * network.connections.T[:, None]
        experts = self.cell_losses(
            full_precision(alone).flatten(0, 1),
            targets.repeat(len(alone), 1),
            served.flatten(0, 1),
            *(bound.repeat(len(alone), 1) for bound in bounds),
        )
        return losses + self.expert_loss * self.reduce(experts)

    def _of_cells(
        self, logits: Tensor, alone: Tensor | None, network: Any, cells: CellTargets
    ) -> Tensor:
        """Losses ``(T,)`` for outputs of measured cells, ``(P,)`` and ``(E, P)``."""
        assert isinstance(self.cell_losses, KindLosses)
        losses = self.reduce(self.cell_losses.of_cells(full_precision(logits), cells))
        if alone is None:
            return losses
        experts = self.cell_losses.of_cells(
            full_precision(alone).flatten(), cells.of_experts(network.connections)
        )
        return losses + self.expert_loss * self.reduce(experts)


def full_precision(logits: Tensor) -> Tensor:
    """Context of at least single precision: in half of it, losses of rare actives drown."""
    return logits.float() if logits.dtype in (torch.bfloat16, torch.float16) else logits


class RowData(Protocol):
    """All rows of a panel, by number."""

    def inputs(self, rows: Any) -> Inputs: ...
    def targets(self, rows: Any) -> tuple[Any, ...]: ...
    def dense_targets(self, rows: Any) -> tuple[Tensor, ...]: ...


@dataclass(frozen=True)
class Batch:
    """Rows of a panel, the network that reads them and the objective: what a balancer is given.

    Parameters
    ----------
    network
        A module of :mod:`bioassay_mtl.nn`.
    objective
        Losses of the tasks.
    data
        Data that the rows are of.
    rows
        ``(B,) int64``, in random order.
    """

    network: Any
    objective: Objective
    data: RowData
    rows: RowIndices

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def inputs(self) -> Inputs:
        """Features of the rows."""
        return self.data.inputs(self.rows)

    @cached_property
    def labels(self) -> tuple[Any, ...]:
        """Targets, mask and, where there are any, bounds, ``(B, T)`` each; or measured cells."""
        return self.data.targets(self.rows)

    @property
    def cells(self) -> CellTargets | None:
        """The measured cells, where these are few of all; else None."""
        targets = self.labels[0]
        return targets if isinstance(targets, CellTargets) else None

    def dense_labels(self, what: str) -> tuple[Tensor, ...]:
        """Targets, mask and, where there are any, bounds, ``(B, T)`` each.

        Raises
        ------
        ConfigError
            There are too many tasks for what needs them, which the error names.
        """
        if self.cells is None:
            return self.labels
        if self.cells.n_tasks > MOST_DENSE_TASKS:
            raise ConfigError(
                f"{what} goes by the gradient of each task, and is for at most "
                f"{MOST_DENSE_TASKS:,} tasks where few cells are measured, found "
                f"{self.cells.n_tasks:,}: balance 'sum', 'two_step', 'dwa', 'lbtw' and "
                "'uncertainty' work on measured cells"
            )
        return self.data.dense_targets(self.rows)

    @property
    def present(self) -> Tensor:
        """``(T,) bool``: tasks with a measured cell."""
        if self.cells is not None:
            return self.cells.present
        mask: Tensor = self.labels[1]
        return mask.any(dim=0)

    def part(self, start: int, stop: int) -> Batch:
        """Subset of the rows, by position."""
        return Batch(self.network, self.objective, self.data, self.rows[start:stop])

    def task_losses(self) -> Tensor:
        """Losses ``(T,)`` of one forward pass."""
        experts = self.network.experts(self.inputs)
        gates = self.network.mixing_weights(self.inputs)
        return self.objective(self.network, experts, gates, *self.labels)
