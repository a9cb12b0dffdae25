"""Balanced accuracy."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.metrics.classes.measured import ClassCells
from bioassay_mtl.metrics.ranking import Floats, quiet
from bioassay_mtl.metrics.registries import kind_metric


@kind_metric("balanced_accuracy", "multiclass", "ordinal", limits=(0, 1))
def balanced_accuracy(cells: ClassCells) -> Floats:
    """Mean over the measured classes of the share of their molecules that get that class.

    Equal to scikit-learn's ``balanced_accuracy_score``; not defined with one measured class.
    """
    measured = cells.confusion.sum(axis=1)
    with quiet():
        recalls = np.einsum("kkr->kr", cells.confusion) / measured
        means = np.where(measured > 0, recalls, 0).sum(axis=0) / (measured > 0).sum(axis=0)
        found: Floats = np.where(cells.has_two_classes, means, np.nan)
    return found
