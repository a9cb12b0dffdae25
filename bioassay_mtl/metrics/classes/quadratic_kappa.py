"""Weighted kappa of classes in order."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.metrics.classes.measured import ClassCells
from bioassay_mtl.metrics.ranking import Floats, quiet
from bioassay_mtl.metrics.registries import kind_metric


@kind_metric("quadratic_kappa", "ordinal", limits=(-1, 1))
def quadratic_kappa(cells: ClassCells) -> Floats:
    """Agreement beyond chance, a miss weighing the square of its distance in classes.

    Equal to scikit-learn's ``cohen_kappa_score(weights="quadratic")``: 1 is perfect, 0 chance. Not
    defined with one measured class.

    References
    ----------
    Cohen, Psychological Bulletin 70 (1968) 213.
    """
    places = np.arange(cells.n_classes)
    weight = (places[:, None] - places) ** 2
    measured, chosen = cells.confusion.sum(axis=1), cells.confusion.sum(axis=0)
    with quiet():
        by_chance = np.einsum("ij,ir,jr->r", weight, measured, chosen) / measured.sum(axis=0)
        kappa = 1 - np.einsum("ij,ijr->r", weight, cells.confusion) / by_chance
        found: Floats = np.where(cells.has_two_classes, kappa, np.nan)
    return found
