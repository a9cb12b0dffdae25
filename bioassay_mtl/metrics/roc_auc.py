"""Area under the ROC curve."""

from __future__ import annotations

from bioassay_mtl.metrics.metric import metric
from bioassay_mtl.metrics.ranking import Floats, Ranking, quiet


@metric("roc_auc", limits=(0, 1))
def roc_auc(ranking: Ranking) -> Floats:
    """Chance that an active scores above an inactive, a tie counting half.

    References
    ----------
    Hanley and McNeil, Radiology 143 (1982) 29: the Mann-Whitney statistic.
    """
    blocks = ranking.blocks
    below = (blocks.n - blocks.through) - (blocks.n_actives - blocks.actives.cumsum(axis=0))
    tied = blocks.through - blocks.above - blocks.actives
    won = (blocks.actives * (below + tied / 2)).sum(axis=0)
    with quiet():
        return blocks.where_defined(won / (blocks.n_actives * (blocks.n - blocks.n_actives)))
