"""Log loss."""

from __future__ import annotations

import math

import numpy as np

from bioassay_mtl.metrics.classes.measured import ClassCells
from bioassay_mtl.metrics.ranking import Floats, quiet
from bioassay_mtl.metrics.registries import kind_metric


@kind_metric("log_loss", "multiclass", "ordinal", limits=(0, math.inf))
def log_loss(cells: ClassCells) -> Floats:
    """Mean of ``-log p`` of the measured class, in nats, p at least 1e-15; lower is better."""
    chance = cells.probabilities[np.arange(len(cells.labels)), cells.labels]
    losses = -np.log(np.clip(chance, 1e-15, 1))
    with quiet():
        found: Floats = (losses @ cells.weights) / cells.weights.sum(axis=0)
    return found
