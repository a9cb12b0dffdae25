"""Cross-entropy of one logit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.nn.stacking.losses.base import (
    BOUND_NOISE,
    CellLosses,
    Floats,
    stack_losses,
    surprises,
)


@stack_losses.register("binary")
def cross_entropy(
    outputs: Floats,
    labels: Floats,
    bounds: NDArray[np.int8] | None,
    noise: float,
    bound_noise: float = BOUND_NOISE,
) -> CellLosses:
    """``-y log p - (1 - y) log(1 - p)`` with ``p = sigmoid(output)``."""
    logits = outputs[:, 0]
    if_active, shares, curvature = surprises(logits)
    value = if_active + (1 - labels) * logits
    return CellLosses(value, (shares - labels)[:, None], curvature[:, None, None])
