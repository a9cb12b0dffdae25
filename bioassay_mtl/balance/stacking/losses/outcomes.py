"""Cross-entropy of one logit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from bioassay_mtl.balance.stacking.losses.base import CellLosses, Floats, log_sigmoid, stack_losses


@stack_losses.register("binary")
def cross_entropy(
    outputs: Floats, labels: Floats, bounds: NDArray[np.int8] | None, noise: float
) -> CellLosses:
    """``-y log p - (1 - y) log(1 - p)`` with ``p = sigmoid(output)``."""
    logits = outputs[:, 0]
    shares = expit(logits)
    value = -log_sigmoid(np.where(labels > 0.5, logits, -logits))
    return CellLosses(value, (shares - labels)[:, None], (shares * expit(-logits))[:, None, None])
