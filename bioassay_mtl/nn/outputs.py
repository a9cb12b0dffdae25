"""Outputs of a network, by task.

A binary task, or one of values, has one output, a task of K classes several. Gates and connections
are those of tasks: all outputs of a task read one mixture of experts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import torch
from torch import Tensor

from bioassay_mtl.nn.heads import heads
from bioassay_mtl.nn.heads.binary import base_logit
from bioassay_mtl.tasks.kinds import TaskKind, complete
from bioassay_mtl.tasks.measured import MeasuredCells


@dataclass(frozen=True)
class Group:
    """Tasks of one kind with equally many outputs.

    Parameters
    ----------
    kind
        Registered name of the kind.
    tasks
        ``(n,)``: their numbers, rising.
    outputs, columns
        ``(n, k)`` and ``(n, c)``: numbers of their outputs, and of their predicted columns.
    """

    kind: str
    tasks: Tensor
    outputs: Tensor
    columns: Tensor

    def to(self, device: torch.device) -> Group:
        """The same numbers on a device."""
        numbers = (n.to(device) for n in (self.tasks, self.outputs, self.columns))
        return Group(self.kind, *numbers)


@dataclass(frozen=True)
class Outputs:
    """Outputs of T tasks, in the order of the tasks.

    Parameters
    ----------
    kinds
        Kind of each task.
    """

    kinds: tuple[TaskKind, ...]

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Outputs of each task."""
        return tuple(heads[kind.kind].n_outputs(kind) for kind in self.kinds)

    @property
    def is_plain(self) -> bool:
        """Whether each task has one output, its own number."""
        return max(self.counts, default=1) == 1

    @cached_property
    def owner(self) -> Tensor:
        """``(O,) int64``: the task of each output."""
        return torch.repeat_interleave(torch.tensor(self.counts, dtype=torch.int64))

    def of(self, tasks: Tensor) -> Tensor:
        """``(C, k)`` numbers of the outputs of some tasks ``(C,)`` that have k each."""
        if self.is_plain:
            return tasks[:, None]
        first = torch.tensor([0, *accumulate(self.counts)], device=tasks.device)
        n = self.counts[int(tasks[0])] if len(tasks) else 1
        return first[tasks][:, None] + torch.arange(n, device=tasks.device)

    def first(self, device: torch.device | str = "cpu") -> Tensor:
        """``(T,)``: the first output of each task."""
        return torch.tensor([0, *accumulate(self.counts)][:-1], device=device)

    def split(self, tasks: Tensor, size: int) -> list[Tensor]:
        """Tasks in parts of at most `size`, each of tasks with equally many outputs."""
        if self.is_plain:
            return list(tasks.split(size)) if len(tasks) else []
        counts = torch.tensor(self.counts, device=tasks.device)[tasks]
        alike = [tasks[counts == n] for n in counts.unique().tolist()]
        return [part for some in alike for part in some.split(size)]

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """All tasks by kind and number of outputs."""
        names: list[tuple[str, int]] = [
            (kind.kind, n) for kind, n in zip(self.kinds, self.counts, strict=True)
        ]
        widths = [len(kind.columns("")) for kind in self.kinds]
        first = torch.tensor([0, *accumulate(widths)])
        found = []
        for name in dict.fromkeys(names):
            tasks = torch.tensor([t for t, other in enumerate(names) if other == name])
            columns = first[tasks][:, None] + torch.arange(widths[int(tasks[0])])
            found.append(Group(name[0], tasks, self.of(tasks), columns))
        return tuple(found)

    def predict(self, outputs: Tensor) -> Tensor:
        """``(B, O)`` outputs to ``(B, columns)``: probabilities, and values in standard units."""
        if len(self.groups) == 1 and self.is_plain:
            return heads[self.groups[0].kind].predict(outputs)
        groups = [group.to(outputs.device) for group in self.groups]
        columns = [group.columns for group in groups]
        found = outputs.new_empty(outputs.shape[0], sum(part.numel() for part in columns))
        for group in groups:
            predicted = heads[group.kind].predict(outputs[:, group.outputs])
            found[:, group.columns.flatten()] = predicted.flatten(1)
        return found

    def start(self, cells: MeasuredCells) -> Tensor:
        """``(O,)`` outputs that predict the base rates of some measured cells."""
        if all(kind.has_actives for kind in self.kinds):
            return base_logit(*(torch.from_numpy(cells.counts_of(label)) for label in (1, 0)))
        starts = []
        for task, kind in enumerate(self.kinds):
            labels = torch.from_numpy(cells.of_task(task).values)
            starts.append(heads[kind.kind].start(labels, kind))
        return torch.cat(starts)


def as_outputs(kinds: Sequence[TaskKind], n_tasks: int) -> Outputs:
    """Outputs of tasks; all binary where no kinds are given."""
    return Outputs(complete(kinds, n_tasks))
