"""Cross-entropy of classes: without an order, and in order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from bioassay_mtl.nn.stacking.losses.base import (
    BOUND_NOISE,
    CellLosses,
    Floats,
    one_by_one,
    stack_losses,
    surprises,
)


@stack_losses.register("multiclass")
def cross_entropy_of_classes(
    outputs: Floats,
    labels: Floats,
    bounds: NDArray[np.int8] | None,
    noise: float,
    bound_noise: float = BOUND_NOISE,
) -> CellLosses:
    """``-log softmax(outputs)_y``."""
    logs = log_softmax(outputs, axis=1)
    shares = np.exp(logs)
    cells = np.arange(len(labels)), labels.astype(np.int64)
    slope = shares.copy()
    slope[cells] -= 1
    curvature = one_by_one(shares) - shares[:, :, None] * shares[:, None, :]
    return CellLosses(-logs[cells], slope, curvature)


@stack_losses.register("ordinal")
def continuation_ratios(
    outputs: Floats,
    labels: Floats,
    bounds: NDArray[np.int8] | None,
    noise: float,
    bound_noise: float = BOUND_NOISE,
) -> CellLosses:
    """A cross-entropy for each class that was reached, of going beyond it.

    See :class:`bioassay_mtl.nn.heads.ordinal.OrdinalHead`.
    """
    steps = np.arange(outputs.shape[1])
    reached, beyond = labels[:, None] >= steps, labels[:, None] > steps
    if_beyond, shares, curvature = surprises(outputs)
    value = (reached * (if_beyond + ~beyond * outputs)).sum(axis=1)
    return CellLosses(value, reached * (shares - beyond), one_by_one(reached * curvature))
