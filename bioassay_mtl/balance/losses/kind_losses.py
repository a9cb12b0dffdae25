"""Losses of a panel that mixes task types: each kind has its own, together one ``(T,)``.

All are at least 0, of order 1 at the start (cross-entropy in nats, half squares of standard units),
so that kinds weigh alike before any balancing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from bioassay_mtl.balance.cell_targets import CellTargets
from bioassay_mtl.balance.losses.base import CellLoss, TaskLosses
from bioassay_mtl.balance.losses.value_loss import ValueLoss
from bioassay_mtl.nn.outputs import Group, Outputs
from bioassay_mtl.registry import Registry


class KindLoss(Protocol):
    """Loss of the cells of n tasks of one kind."""

    def __call__(
        self,
        outputs: Tensor,
        targets: Tensor,
        bounds: Tensor | None,
        weights: Tensor | None,
        settings: ValueLoss,
    ) -> Tensor:
        """``(B, n)`` losses, finite for all finite outputs.

        Parameters
        ----------
        outputs
            ``(B, n, k)``.
        targets
            ``(B, n)``, finite.
        bounds
            ``(B, n)``: 1 where the true value is at or above the target, -1 at or below, 0 exact;
            None where all are exact.
        weights
            ``(n, K)`` of the classes, or None.
        settings
            Settings of the losses of values.
        """
        ...


kind_losses: Registry[KindLoss] = Registry("loss of a kind")
"""Losses of all kinds but ``binary``, whose loss is one of the :data:`cell_losses`."""


class KindLosses:
    """Masked losses of all tasks; an unmeasured cell has no loss and no gradient.

    Parameters
    ----------
    outputs
        Outputs of each task.
    binary
        Loss of the cells of binary tasks.
    values
        Settings of the losses of values.
    weights
        Weights by the index of a group: ``(n,)`` of actives, or ``(n, K)`` of classes.
    device
        Device that the losses are computed on.
    """

    def __init__(
        self,
        outputs: Outputs,
        binary: CellLoss,
        values: ValueLoss,
        weights: Mapping[int, Tensor | None] | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self.groups = [group.to(torch.device(device)) for group in outputs.groups]
        self.binary, self.values, self.weights = binary, values, weights or {}

    def __call__(
        self, outputs: Tensor, targets: Tensor, mask: Tensor, bounds: Tensor | None = None
    ) -> TaskLosses:
        """``outputs (B, O)``, ``targets, mask, bounds (B, T)`` to the losses of every task.

        Targets of unmeasured cells are ignored; values are in standard units. A mask of numbers
        weighs the cells, see :meth:`CellLoss.__call__`.
        """
        totals = outputs.new_zeros(mask.shape[1])
        for number, group in enumerate(self.groups):
            bound = None if bounds is None else bounds[:, group.tasks]
            measured = mask[:, group.tasks]
            # Values of unmeasured cells may be anything, NaN too: 0 times a NaN would leak.
            known = torch.where(measured != 0, targets[:, group.tasks].to(outputs.dtype), 0.0)
            cells = self._cells(number, group, outputs, known, bound) * measured
            totals = totals.index_copy(0, group.tasks, cells.sum(dim=0))
        return TaskLosses(totals, mask.sum(dim=0), len(outputs))

    def of_cells(self, outputs: Tensor, cells: CellTargets) -> TaskLosses:
        """``outputs (P,)`` of measured cells alone to the losses of every task."""
        losses = [outputs.new_zeros(0)]
        places = [cells.task[:0]]
        for number, group in enumerate(self.groups):
            at = self._numbers(cells, number)
            place = cells.first[at][:, None] + torch.arange(
                group.outputs.shape[1], device=at.device
            )
            weights = self.weights.get(number)
            if weights is not None:
                weights = weights[self._place_of(cells.task[at])]
            # To a loss each cell is a task of its own, of one row.
            found = self._of_group(
                group,
                outputs[place][None],
                cells.value[at].to(outputs.dtype)[None],
                None if cells.bound is None else cells.bound[at][None],
                weights,
            )
            losses.append(found[0])
            places.append(at)
        weighed = torch.cat(losses) * cells.weights[torch.cat(places)]
        tasks = cells.task[torch.cat(places)]
        totals = outputs.new_zeros(cells.n_tasks).index_add(0, tasks, weighed.to(outputs.dtype))
        return TaskLosses(totals, cells.per_task(cells.weights), cells.n_rows)

    def _numbers(self, cells: CellTargets, number: int) -> Tensor:
        """Indices of the cells of a group."""
        if len(self.groups) == 1:
            return torch.arange(len(cells.task), device=cells.task.device)
        return (self._group_and_place[0][cells.task] == number).nonzero().flatten()

    def _place_of(self, tasks: Tensor) -> Tensor:
        """Places of tasks in their groups."""
        return self._group_and_place[1][tasks]

    @cached_property
    def _group_and_place(self) -> Tensor:
        """``(2, T)``: the group of each task, and its place there."""
        n_tasks = sum(len(group.tasks) for group in self.groups)
        found = torch.zeros(2, n_tasks, dtype=torch.int64, device=self.groups[0].tasks.device)
        for number, group in enumerate(self.groups):
            found[0, group.tasks] = number
            found[1, group.tasks] = torch.arange(len(group.tasks), device=found.device)
        return found

    def _cells(
        self, number: int, group: Group, outputs: Tensor, known: Tensor, bounds: Tensor | None
    ) -> Tensor:
        weights = self.weights.get(number)
        if group.kind not in kind_losses:
            return self.binary.cells(outputs[:, group.outputs[:, 0]], known, weights)
        return self._of_group(group, outputs[:, group.outputs], known, bounds, weights)

    def _of_group(
        self,
        group: Group,
        outputs: Tensor,
        known: Tensor,
        bounds: Tensor | None,
        weights: Tensor | None,
    ) -> Tensor:
        """Losses ``(B, n)`` of a group's ``outputs (B, n, k)``."""
        if group.kind not in kind_losses:
            return self.binary.cells(outputs[..., 0], known, weights)
        return kind_losses[group.kind](outputs, known, bounds, weights, self.values)
