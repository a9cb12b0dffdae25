"""The score that early stopping goes by: one number over all tasks, of whatever kinds."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bioassay_mtl.balance.cell_targets import CellTargets, output_pairs
from bioassay_mtl.balance.losses import BCE, KindLosses, ValueLoss
from bioassay_mtl.metrics import Ranking, average_precision
from bioassay_mtl.nn.outputs import Outputs
from bioassay_mtl.tasks.measured import MeasuredCells, telling

AVERAGE_PRECISION, SKILL = "valid_average_precision", "valid_skill"


class ValidationScore:
    """Macro average precision of binary panels; of others the mean skill of the tasks.

    The skill of a binary task is its average precision, as ever. Of any other task it is the share
    of its loss that the model explains, ``1 - L / L0`` with the loss L0 of what training started
    from, the base rate of the training rows; both on the validation rows. For values that is the
    R2 about the training mean, for classes McFadden's pseudo R2, for censored values the same of
    the Tobit likelihood: 1 is perfect, 0 says nothing, and what is below -1 counts as -1. Tasks
    that could not tell one epoch from another (one outcome, equal values) are left out.

    Parameters
    ----------
    outputs
        Outputs of the network.
    start
        ``(O,)``: what training starts from.
    values
        Settings of the losses of values.
    """

    def __init__(self, outputs: Outputs, start: Tensor, values: ValueLoss) -> None:
        self.outputs, self.start = outputs, start.detach().cpu().clone()
        self.losses = KindLosses(outputs, BCE(), values)
        has_actives = [kind.has_actives for kind in outputs.kinds]
        self.has_actives = np.array(has_actives, dtype=np.bool_)
        self.name = AVERAGE_PRECISION if self.has_actives.all() else SKILL

    def __call__(self, outputs: Tensor, cells: MeasuredCells) -> float:
        """The score of outputs for measured cells in standard units, on the CPU.

        Parameters
        ----------
        outputs
            ``(n, O)``; or ``(P,)``, of the measured cells alone.
        cells
            Measured cells of n rows.
        """
        targets = self._targets(cells)
        if outputs.dim() == 2:
            outputs = outputs[targets.pairs.rows, targets.pairs.columns]
        if self.name == AVERAGE_PRECISION:
            scores = self._precisions(outputs, cells, targets)
        else:
            scores = self._skills(outputs, cells, targets)
        known = scores[np.isfinite(scores)]
        return float(known.mean()) if len(known) else float("nan")

    def _targets(self, cells: MeasuredCells) -> CellTargets:
        row, task = torch.from_numpy(cells.row), torch.from_numpy(cells.task).long()
        pairs, first = output_pairs(self.outputs, self.outputs.first(), row, task, cells.n_rows)
        bound = None if cells.bound is None else torch.from_numpy(cells.bound)
        value = torch.from_numpy(cells.value)
        return CellTargets(row, task, value, None, bound, pairs, first, cells.n_rows, cells.n_tasks)

    def _precisions(
        self, outputs: Tensor, cells: MeasuredCells, targets: CellTargets
    ) -> NDArray[np.float64]:
        """``(T,)`` average precisions; NaN of tasks that are not binary, or left out."""
        found = np.full(cells.n_tasks, np.nan)
        logits = outputs[targets.first].numpy()
        for task in np.flatnonzero(self.has_actives).tolist():
            rows, values, _ = cells.of_task(task)
            ranking = Ranking.of_cells(rows, values.astype(np.int8), logits[cells.cells_of(task)])
            found[task] = average_precision.compute(ranking)[0]
        return found

    def _skills(
        self, outputs: Tensor, cells: MeasuredCells, targets: CellTargets
    ) -> NDArray[np.float64]:
        """``(T,)``; NaN of tasks that are left out."""
        losses = [
            self.losses.of_cells(of.double(), targets).total
            for of in (outputs, self.start[targets.pairs.columns])
        ]
        found: NDArray[np.float64] = (1 - losses[0] / losses[1]).clamp_min(-1).numpy()
        found[~telling(cells)] = np.nan
        return np.where(self.has_actives, self._precisions(outputs, cells, targets), found)
