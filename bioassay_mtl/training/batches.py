"""Training data on the device: features, measured cells, and batches by row index."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bioassay_mtl.balance.cell_targets import CellTargets, output_pairs
from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.inputs import Inputs
from bioassay_mtl.nn.outputs import as_outputs
from bioassay_mtl.nn.resident import batch_of, resident
from bioassay_mtl.nn.rows import Offsets, RowIndices, SomeRows, in_order, kept_on, on_device
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.labels import NOT_MEASURED, view_dtype
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.training.sampling import draw

FEWEST_SPARSE_TASKS = 256
MOST_SPARSE_SHARE = 0.05
"""Limits of what is sparse: from so many tasks, up to such a share of measured cells. There
products of single pairs take less time than those of whole matrices."""
FEWEST_WHOLE_SHARE = 1 / 8
"""Share of cells that are measured. From here on outcomes are kept as a matrix, too: a byte for
each, measured or not, is no more than the eight that a measured one has alone."""
ROWS_AT_ONCE = 65_536
"""Rows of that matrix that are made at once."""


class ResidentData:
    """All rows of a panel where the network is; a batch is index arithmetic.

    Parameters
    ----------
    blocks
        Features of n molecules by input name.
    labels
        Measured cells, values in standard units; or ``(n, T) int8``: 1, 0, or -1 where not
        measured.
    device
        Device to keep them on.
    kinds
        Kind of each task; all binary where none are given.
    weights
        ``(m,)`` of the cells; None where all weigh 1.
    sparse
        Whether a batch has its measured cells alone; None where that is quicker.
    """

    def __init__(
        self,
        blocks: Mapping[str, Block],
        labels: MeasuredCells | NDArray[Any],
        device: torch.device,
        kinds: Sequence[TaskKind] = (),
        weights: NDArray[np.float32] | None = None,
        sparse: bool | None = None,
    ) -> None:
        cells = labels if isinstance(labels, MeasuredCells) else MeasuredCells.from_dense(labels)
        self.blocks = {name: resident(block, device) for name, block in blocks.items()}
        self.cells, self.device = cells, device
        self.outputs = as_outputs(kinds, cells.n_tasks)
        few = cells.n_tasks >= FEWEST_SPARSE_TASKS and cells.share_measured < MOST_SPARSE_SHARE
        self.is_sparse = few if sparse is None else sparse
        outcomes = view_dtype(self.outputs.kinds) == np.int8
        self._missing = float(NOT_MEASURED) if outcomes else float("nan")
        self._offsets = Offsets(cells.offsets, device)
        self._task, self._value = (kept_on(each, device) for each in (cells.task, cells.value))
        self._bound = None if cells.bound is None else kept_on(cells.bound, device)
        self._weight = None if weights is None else kept_on(weights, device)
        self._first = self.outputs.first(device)
        dense = outcomes and not self.is_sparse and cells.share_measured >= FEWEST_WHOLE_SHARE
        self._is_kept_whole = dense and weights is None and cells.bound is None

    def __len__(self) -> int:
        return self.cells.n_rows

    def inputs(self, rows: RowIndices) -> Inputs:
        """Inputs of the network for some rows (``(B,) int64``)."""
        return {name: batch_of(block, rows) for name, block in self.blocks.items()}

    def targets(self, rows: RowIndices) -> tuple[Any, ...]:
        """Targets of a batch: its measured cells where they are few, or see below."""
        return (self.cell_targets(rows),) if self.is_sparse else self.dense_targets(rows)

    def dense_targets(self, rows: RowIndices) -> tuple[Tensor, ...]:
        """``(B, T)`` targets, ``bool`` mask of measured cells and, where there are any, bounds.

        Weights of cells, where there are some, are the mask, 0 where not measured.
        """
        if self._is_kept_whole:
            targets = self._whole[on_device(rows)]
            return targets.float(), targets >= 0
        shape = len(rows), self.cells.n_tasks
        cells, row, _ = self._offsets.owned(rows)
        place = row * shape[1] + self._task[cells]

        def spread(numbers: Tensor, missing: float) -> Tensor:
            every = numbers.new_full((shape[0] * shape[1],), missing)
            return every.index_copy_(0, place, numbers[cells]).view(shape)

        targets = spread(self._value, self._missing)
        bounds = () if self._bound is None else (spread(self._bound, 0),)
        if self._weight is not None:
            return targets, spread(self._weight, 0.0), *bounds
        mask = targets == targets if math.isnan(self._missing) else targets >= 0
        return targets, mask, *bounds

    @cached_property
    def _whole(self) -> Tensor:
        """``(n, T) int8`` outcomes of all rows."""
        n = len(self)
        found = torch.empty((n, self.cells.n_tasks), dtype=torch.int8, device=self.device)
        for start in range(0, n, ROWS_AT_ONCE):
            rows = np.arange(start, min(start + ROWS_AT_ONCE, n))
            part = self.cells.dense(rows, missing=NOT_MEASURED, dtype=np.int8)
            found[start : start + ROWS_AT_ONCE] = torch.from_numpy(part)
        return found

    def cell_targets(self, rows: RowIndices) -> CellTargets:
        """The measured cells of a batch."""
        cells, row, _ = self._offsets.owned(rows)
        task = self._task[cells].long()
        pairs, first = output_pairs(self.outputs, self._first, row, task, len(rows))
        return CellTargets(
            row=row,
            task=task,
            value=self._value[cells],
            weight=None if self._weight is None else self._weight[cells],
            bound=None if self._bound is None else self._bound[cells],
            pairs=pairs,
            first=first,
            n_rows=len(rows),
            n_tasks=self.cells.n_tasks,
        )


def batch_size(given: int | None, n_rows: int) -> int:
    """Rows a step: those that are given, or about 30 steps an epoch of 32 to 1,024 rows each."""
    return given or min(1024, max(32, n_rows // 30))


def epoch_batches(
    rows: SomeRows, batch_size: int, seed: int, epoch: int, weights: Tensor | None = None
) -> list[SomeRows]:
    """Shuffled batches of one epoch, the same for the same seed and epoch.

    If weights (of the rows, on the CPU) are given, as many rows are drawn in proportion to these,
    with replacement.

    A last batch under half the batch size is dropped, unless it is the only one: its noisy step
    would weigh as much as a whole one. Other rows take its place in the next epoch.
    """
    generator = torch.Generator().manual_seed(seed_of(seed, epoch))
    if weights is None:
        order = torch.randperm(len(rows), generator=generator)
    else:
        order = draw(weights, len(rows), generator)
    shuffled: Any = in_order(rows, order)
    batches = [shuffled[at : at + batch_size] for at in range(0, len(rows), batch_size)]
    if len(batches) > 1 and 2 * len(batches[-1]) < batch_size:
        batches.pop()
    return batches


def share(rows: SomeRows, rank: int, n_ranks: int) -> SomeRows:
    """Every ``n_ranks``-th row: what one of several devices takes.

    Raises
    ------
    ConfigError
        There are fewer rows than devices.
    """
    if len(rows) < n_ranks:
        raise ConfigError(
            f"devices: a batch, or the validation set, has too few molecules for {n_ranks} devices"
        )
    mine: Any = rows[rank::n_ranks]
    return mine  # type: ignore[no-any-return]


def seed_of(*numbers: int) -> int:
    """One seed from several numbers (a run's seed, an epoch, a step)."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
