"""Average precision: the area under the precision-recall steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.metrics.metric import metric
from bioassay_mtl.metrics.ranking import Floats, Ranking, quiet


@metric("average_precision", limits=(0, 1))
def average_precision(ranking: Ranking) -> Floats:
    """Mean over the actives of the precision among all that score at least as high.

    Equal to scikit-learn's ``average_precision_score``, ties included; not defined without an
    inactive.

    References
    ----------
    Zhu, Recall, precision and average precision (2004), University of Waterloo.
    """
    blocks = ranking.blocks
    found = blocks.actives.cumsum(axis=0)
    with quiet():
        # A run that no resampled molecule is in, or ahead of, holds no actives either.
        precision = found / np.maximum(blocks.through, 1)
        return blocks.where_defined((blocks.actives * precision).sum(axis=0) / blocks.n_actives)


def macro_average_precision(labels: NDArray[Any], scores: NDArray[np.floating[Any]]) -> float:
    """Mean average precision over the assays with an active and an inactive.

    Fast enough for every epoch (``labels``, ``scores (n, T)``); NaN where there is no such assay.
    """
    values = average_precision(labels, scores)
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
