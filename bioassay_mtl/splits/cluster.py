"""Molecules by clusters of similar structure."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.butina import butina_clusters, sphere_exclusion
from bioassay_mtl.splits.deal import (
    Deal,
    deal_groups,
    dealers,
    evenly,
    frequent_first,
    split_by_dealing,
)
from bioassay_mtl.splits.split import Split, SplitConfig, splitters
from bioassay_mtl.splits.structures import distinct_structures

logger = logging.getLogger(__name__)

MOST_FOR_BUTINA = 20_000
"""Molecules; for more, the order of the rows replaces that of the numbers of neighbors."""

N_BITS = 2048


@splitters.register("cluster")
def split_by_cluster(panel: Panel, config: SplitConfig) -> Split:
    """Large clusters go to train, the others anywhere at random, as in ``scaffold_balanced``.

    A molecule of test may still have a neighbor in train, in a cluster beside its own.
    """
    return split_by_dealing(panel, config, deal_groups(clusters(panel, config), frequent_first))


@dealers.register("cluster")
def cluster_dealer(panel: Panel, config: SplitConfig) -> Deal:
    """Whole clusters, shuffled, the largest first to the fold with most room."""
    return deal_groups(clusters(panel, config), evenly)


def clusters(panel: Panel, config: SplitConfig) -> NDArray[np.int64]:
    """Number of each row's cluster, ``(n,) int64``.

    Butina's clusters of Morgan fingerprints (radius 2, 2,048 bits) by Tanimoto distance; for more
    than :data:`MOST_FOR_BUTINA` molecules, sphere exclusion in the order of the rows, which takes
    seconds where Butina's neighbor counts take minutes. A SMILES that cannot be used is alone.

    Raises
    ------
    InputError
        If a row has features but no SMILES.
    """
    from bioassay_mtl.chem.features import PackedBits
    from bioassay_mtl.chem.featurizer import Featurizer
    from bioassay_mtl.chem.fingerprints import MorganFingerprint

    rows, structures = distinct_structures(panel, "a cluster")
    features = Featurizer({"morgan": MorganFingerprint(n_bits=N_BITS)})(structures)
    usable = np.flatnonzero(features.ok)
    block = features.blocks["morgan"].take(usable)
    assert isinstance(block, PackedBits)
    exact = len(usable) <= MOST_FOR_BUTINA
    found = (butina_clusters if exact else sphere_exclusion)(block, config.distance)
    method = "Butina's method" if exact else "sphere exclusion"
    logger.info("%d clusters of %d molecules by %s", found.max(initial=-1) + 1, len(rows), method)
    cluster = len(rows) + np.arange(len(rows))
    cluster[usable] = found
    return np.unique(cluster, return_inverse=True)[1][panel.groups()]
