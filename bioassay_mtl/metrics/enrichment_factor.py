"""Enrichment factor."""

from __future__ import annotations

import math

import numpy as np

from bioassay_mtl.metrics.metric import metric
from bioassay_mtl.metrics.ranking import Floats, Ranking, quiet


@metric("enrichment_factor", limits=(0, math.inf))
def enrichment_factor(ranking: Ranking, fraction: float = 0.01) -> Floats:
    """Share of actives in the best `fraction` (rounded up to whole molecules) over their share.

    If the cut falls inside a run of equal scores, this is the mean over all orders of the run: it
    counts for as much of the run as lies ahead of the cut.

    References
    ----------
    Pearlman and Charifson, J. Med. Chem. 44 (2001) 502.
    """
    blocks = ranking.blocks
    # 0.01 * 2900 is a little more than 29 in floating point, which is 29 molecules, not 30.
    top = np.ceil(fraction * blocks.n - 1e-9)
    size = np.maximum(blocks.through - blocks.above, 1)
    found = (blocks.actives * ((top - blocks.above) / size).clip(0, 1)).sum(axis=0)
    with quiet():
        return blocks.where_defined((found / top) / (blocks.n_actives / blocks.n))
