"""Area under the ROC curve of each class against the rest."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.metrics.classes.measured import ClassCells
from bioassay_mtl.metrics.ranking import Floats, Ranking
from bioassay_mtl.metrics.registries import kind_metric
from bioassay_mtl.metrics.roc_auc import roc_auc


@kind_metric("roc_auc_ovr", "multiclass", "ordinal", limits=(0, 1))
def roc_auc_ovr(cells: ClassCells) -> Floats:
    """Mean over the measured classes of the ROC-AUC of a class against all others.

    Equal to scikit-learn's ``roc_auc_score(multi_class="ovr", average="macro")`` where all classes
    are measured.
    """
    found = np.empty((cells.n_classes, cells.weights.shape[1]))
    for number in range(cells.n_classes):
        outcomes = (cells.labels == number).astype(np.int8)
        ranking = Ranking.of(outcomes, cells.probabilities[:, number])
        found[number] = roc_auc.compute(ranking.resampled(cells.weights))
    known = np.isfinite(found)
    with np.errstate(invalid="ignore"):
        means: Floats = np.where(known, found, 0).sum(axis=0) / known.sum(axis=0)
    return means
