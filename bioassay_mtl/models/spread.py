"""The spread of a model's experts, or members, in the units of its predictions.

It is the standard deviation of what each expert that is open to an assay would say alone, weighted
by the gates: of logits (of those that probabilities are made of), of values in their own units. It
is not known of columns of classes, nor where a single expert is open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

    from bioassay_mtl.models.content import ModelContent


def spread_in_units(
    model: ModelContent, calibrated: bool
) -> Callable[[Tensor], NDArray[np.float32]]:
    """Spreads ``(B, n_columns)`` from those of outputs ``(B, O)``; NaN where they are not known."""
    counts = model.network.outputs.counts
    first = np.cumsum(counts) - counts
    widths = [len(kind.columns("")) for kind in model.kinds]
    places, units = np.repeat(first, widths), np.repeat(_units(model, calibrated), widths)

    def in_units(spread: Tensor) -> NDArray[np.float32]:
        numbers: NDArray[np.float32] = spread.cpu().numpy()
        return numbers[:, places] * units

    return in_units


def _units(model: ModelContent, calibrated: bool) -> NDArray[np.float32]:
    """``(T,)``: what the spread of a task's output is multiplied by."""
    calibration, known = model.calibration if calibrated else None, model.target_scaler
    units = np.full(len(model.kinds), np.nan, np.float32)
    for task, kind in enumerate(model.kinds):
        if kind.has_actives:
            units[task] = 1.0 if calibration is None else calibration.slope[task]
        elif kind.is_value:
            units[task] = 1.0 if known is None else known.scale[task]
    return units
