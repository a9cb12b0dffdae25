"""The contract of losses: from logits and outcomes to the masked losses of every task.

A loss is its settings and one method, ``cells``, that says what each cell costs; that cells which
were not measured cost nothing is seen to here, once for all kinds. A new one is a new file that
registers itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from bioassay_mtl.config import Config
from bioassay_mtl.registry import Registry, class_of, settings_of


class TaskLosses(NamedTuple):
    """Summed loss and number of measured cells of every task in a batch.

    Attributes
    ----------
    total
        ``(T,)``: sum of the losses of the task's measured cells.
    n_cells
        ``(T,)``: how many those are (where cells have weights, their sum); a task with none has no
        loss.
    n_rows
        Number of molecules B in the batch.
    """

    total: Tensor
    n_cells: Tensor
    n_rows: int


class CellLoss(Config):
    """Loss of a cell; a kind implements :meth:`cells`.

    Parameters
    ----------
    kind
        The registered name of the kind.
    """

    kind: str

    def cells(self, logits: Tensor, targets: Tensor, positive_weight: Tensor | None) -> Tensor:
        """``(B, T)`` losses, finite for every finite logit.

        Parameters
        ----------
        logits
            ``(B, T)``.
        targets
            ``(B, T)``, 0 to 1.
        positive_weight
            ``(T,)`` factors of what actives cost, or None.
        """
        raise NotImplementedError

    def __call__(
        self, logits: Tensor, targets: Tensor, mask: Tensor, positive_weight: Tensor | None = None
    ) -> TaskLosses:
        """Losses of measured cells; an unmeasured cell has no loss and no gradient.

        Parameters
        ----------
        logits
            ``(B, T)``.
        targets
            ``(B, T)``, 0 to 1; values of unmeasured cells are ignored.
        mask
            ``(B, T) bool``, True where measured; or weights of cells, 0 where not measured.
        positive_weight
            ``(T,)`` weight of the loss of actives, or None.
        """
        # Values of unmeasured cells may be anything, NaN too: 0 times a NaN would leak.
        known = torch.where(mask != 0, targets, 0.0)
        cells = self.cells(logits, known, positive_weight) * mask
        return TaskLosses(cells.sum(dim=0), mask.sum(dim=0), len(logits))


cell_losses: Registry[type[CellLoss]] = Registry(
    "loss", "losses", class_of("bioassay_mtl.balance.losses:CellLoss")
)


def loss_config(values: str | Mapping[str, Any] | CellLoss) -> CellLoss:
    """A loss by its name, or by a mapping of settings with its ``kind``."""
    return settings_of(cell_losses, values, "bce")


def surprises(logits: Tensor) -> tuple[Tensor, Tensor]:
    """``-log p`` and ``-log(1 - p)`` with ``p = sigmoid(logit)``, exact for large logits too."""
    return -logsigmoid(logits), -logsigmoid(-logits)
