"""The measured cells of a batch, where these are few of all: see :class:`CellTargets`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bioassay_mtl.nn.outputs import Outputs
from bioassay_mtl.nn.pairs import Pairs


@dataclass(frozen=True, eq=False)
class CellTargets:
    """m measured cells of B rows and T tasks.

    Parameters
    ----------
    row, task
        ``(m,) int64``; rows are positions in the batch, and rise.
    value
        ``(m,)``: the targets, values in standard units.
    weight
        ``(m,)`` of the losses, or None where all weigh 1.
    bound
        ``(m,) int8`` of censored values, or None where all are exact.
    pairs
        The P outputs of the cells, those of a cell side by side.
    first
        ``(m,)``: the first of those of each cell.
    n_rows, n_tasks
        B and T.
    """

    row: Tensor
    task: Tensor
    value: Tensor
    weight: Tensor | None
    bound: Tensor | None
    pairs: Pairs
    first: Tensor
    n_rows: int
    n_tasks: int

    def per_task(self, values: Tensor) -> Tensor:
        """``(T,)``: sums of ``values (m,)``."""
        return values.new_zeros(self.n_tasks).index_add(0, self.task, values)

    @property
    def weights(self) -> Tensor:
        """``(m,)``: :attr:`weight`, ones where it is None."""
        return torch.ones_like(self.value) if self.weight is None else self.weight

    @property
    def present(self) -> Tensor:
        """``(T,) bool``: tasks with a measured cell."""
        found = torch.zeros(self.n_tasks, dtype=torch.bool, device=self.task.device)
        return found.index_fill_(0, self.task, 1)

    def of_experts(self, served: Tensor) -> CellTargets:
        """The same cells once for each of E experts, whose outputs follow each other.

        Parameters
        ----------
        served
            ``(T, E) bool``: the tasks of each expert.
        """
        n = served.shape[1]
        starts = torch.arange(n, device=self.first.device)[:, None] * len(self.pairs)
        return replace(
            self,
            row=self.row.repeat(n),
            task=self.task.repeat(n),
            value=self.value.repeat(n),
            weight=(self.weights * served[self.task].T).flatten(),
            bound=None if self.bound is None else self.bound.repeat(n),
            first=(self.first + starts).flatten(),
            n_rows=n * self.n_rows,
        )


def output_pairs(
    outputs: Outputs, first_of: Tensor, row: Tensor, task: Tensor, n_rows: int
) -> tuple[Pairs, Tensor]:
    """Outputs of cells, and the place of the first of each cell among them.

    Parameters
    ----------
    outputs
        Outputs of the network.
    first_of
        ``(T,)``: :meth:`Outputs.first`.
    row, task
        ``(m,)``: the cells, by row.
    n_rows
        Rows of the batch.
    """
    n_outputs = len(outputs.owner)
    if outputs.is_plain:
        place = torch.arange(len(row), device=row.device)
        return Pairs(row, task, n_rows, n_outputs, rising=True), place
    counts = torch.tensor(outputs.counts, device=task.device)[task]
    ends = counts.cumsum(0)
    owner = torch.repeat_interleave(counts)
    within = torch.arange(len(owner), device=row.device) - (ends - counts)[owner]
    pairs = Pairs(row[owner], first_of[task[owner]] + within, n_rows, n_outputs, rising=True)
    return pairs, ends - counts
