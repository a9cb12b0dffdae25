"""BEDROC: early recognition."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.metrics.metric import metric
from bioassay_mtl.metrics.ranking import Floats, Ranking, quiet


@metric("bedroc", limits=(0, 1))
def bedroc(ranking: Ranking, alpha: float = 20.0) -> Floats:
    """Boltzmann-enhanced discrimination of ROC: 1 with all actives first, 0 with all last.

    An active at rank r of n weighs ``exp(-alpha r / n)``: with ``alpha = 20``, the best 8 % make
    80 % of the score. In a run of equal scores each active weighs the run's mean weight: the mean
    over all its orders.

    References
    ----------
    Truchon and Bayly, J. Chem. Inf. Model. 47 (2007) 488, equations 17, 35 and 36.
    """
    blocks = ranking.blocks
    with quiet():
        ahead, through = (np.exp(-alpha * rank / blocks.n) for rank in blocks[1:3])
        # The sum of exp(-alpha r / n) over a run's ranks, and that over all n ranks, are both
        # geometric, and share the factor 1 / (exp(alpha / n) - 1).
        mean = (ahead - through) / np.maximum(blocks.through - blocks.above, 1)
        share = blocks.n_actives / blocks.n
        rie = (blocks.actives * mean).sum(axis=0) / (share * -np.expm1(-alpha))
        worst = np.expm1(alpha * share) / (share * np.expm1(alpha))
        best = np.expm1(-alpha * share) / (share * np.expm1(-alpha))
        return blocks.where_defined((rie - worst) / (best - worst))
