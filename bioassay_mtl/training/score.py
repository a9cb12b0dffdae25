"""The score that early stopping goes by: one number over all tasks, of whatever kinds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bioassay_mtl.balance.losses import BCE, KindLosses, ValueLoss
from bioassay_mtl.metrics import average_precision, macro_average_precision
from bioassay_mtl.nn.outputs import Outputs
from bioassay_mtl.tasks.kinds import all_binary
from bioassay_mtl.tasks.labels import as_outcomes

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
        Of the network.
    start
        ``(O,)``: what training starts from.
    values
        Settings of the losses of values.
    """

    def __init__(self, outputs: Outputs, start: Tensor, values: ValueLoss) -> None:
        self.outputs, self.start = outputs, start.detach().cpu().clone()
        self.losses = KindLosses(outputs, BCE(), values)
        self.name = AVERAGE_PRECISION if all_binary(outputs.kinds) else SKILL

    def __call__(self, outputs: Tensor, labels: Tensor, bounds: Tensor | None) -> float:
        """The score of ``outputs (n, O)`` for labels ``(n, T)`` in standard units, on the CPU."""
        if self.name == AVERAGE_PRECISION:
            return macro_average_precision(labels.numpy(), outputs.numpy())
        skills = self.skills(outputs, labels, bounds)
        known = skills[np.isfinite(skills)]
        return float(known.mean()) if len(known) else float("nan")

    def skills(self, outputs: Tensor, labels: Tensor, bounds: Tensor | None) -> NDArray[np.float64]:
        """``(T,)``; NaN of tasks that are left out."""
        mask = ~labels.isnan()
        losses = [
            self.losses(of.double(), labels, mask, bounds).total
            for of in (outputs, self.start.expand_as(outputs))
        ]
        found = (1 - losses[0] / losses[1]).clamp_min(-1).numpy()
        found[~telling(labels.numpy())] = np.nan
        for group in self.outputs.groups:
            if group.kind == "binary":
                outcomes = as_outcomes(labels[:, group.tasks].numpy())
                logits = outputs[:, group.outputs[:, 0]].numpy()
                found[group.tasks.numpy()] = average_precision(outcomes, logits)
        scores: NDArray[np.float64] = found
        return scores


def telling(labels: NDArray[np.floating]) -> NDArray[np.bool_]:
    """``(T,)``: tasks with at least two different labels among those measured ``(n, T)``."""
    if not len(labels):
        return np.zeros(labels.shape[1], np.bool_)
    low = np.where(np.isnan(labels), np.inf, labels).min(axis=0)
    high = np.where(np.isnan(labels), -np.inf, labels).max(axis=0)
    found: NDArray[np.bool_] = low < high
    return found
