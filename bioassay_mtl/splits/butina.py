"""Clusters of fingerprints in memory that grows with the number of molecules, not its square."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.features import PackedBits
from bioassay_mtl.splits.split import Rows


class Fingerprints:
    """Bits of n molecules, for the distances of one to all.

    Parameters
    ----------
    block
        Fingerprints.
    """

    def __init__(self, block: PackedBits) -> None:
        # One bit a byte, one row a bit: what a molecule shares with all others is then the sum of
        # its few rows, several times faster than comparing packed bits.
        bits = np.unpackbits(block.packed, axis=1, count=block.n_features)
        self.bits = np.ascontiguousarray(bits.T)
        self.sizes = bits.sum(axis=1, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.sizes)

    def keep(self, which: NDArray[np.bool_]) -> None:
        """Forget the others."""
        self.bits, self.sizes = self.bits[:, which], self.sizes[which]

    def near(self, one: int, distance: float) -> NDArray[np.bool_]:
        """``(n,)``: those whose Tanimoto distance from one of them is at most `distance`."""
        on = np.flatnonzero(self.bits[:, one])
        counter = np.uint8 if len(on) < 256 else np.uint16
        shared = np.add.reduce(self.bits[on], axis=0, dtype=counter).astype(np.int64)
        union = self.sizes + (self.sizes[one] - shared)
        # Without any bit on either side there is nothing in common, as RDKit has it.
        similarity = np.divide(shared, union, out=np.zeros(len(self)), where=union > 0)
        close: NDArray[np.bool_] = 1 - similarity <= distance
        close[one] = True
        return close


def butina_clusters(block: PackedBits, distance: float) -> NDArray[np.int64]:
    """Cluster around the molecules with most neighbors, ``(n,) int64``.

    The molecule with most neighbors takes these as its cluster; of the others, the one that had
    most takes what is left of its own; and so on. Time grows with the square of n.

    References
    ----------
    Butina, J. Chem. Inf. Comput. Sci. 39 (1999) 747; ties as in ``rdkit.ML.Cluster.Butina``.
    """
    prints = Fingerprints(block)
    neighbors = [np.count_nonzero(prints.near(one, distance)) for one in range(len(prints))]
    return sphere_exclusion(block, distance, np.argsort(neighbors, kind="stable")[::-1])


def sphere_exclusion(
    block: PackedBits, distance: float, order: Rows | None = None
) -> NDArray[np.int64]:
    """Cluster around leaders, ``(n,) int64``.

    Each molecule in turn that is in no cluster yet leads one, of all molecules within `distance`
    that are in none. In the order of the rows, the leaders are those of RDKit's ``LeaderPicker``.

    References
    ----------
    Taylor, J. Chem. Inf. Comput. Sci. 35 (1995) 59.
    """
    prints = Fingerprints(block)
    held = np.arange(len(prints)) if order is None else np.asarray(order)
    place = np.empty(len(held), dtype=np.int64)
    rows = np.arange(len(held))
    cluster = np.full(len(held), -1, dtype=np.int64)
    place[rows] = rows
    n_clusters, n_free = 0, len(held)
    for leader in held.tolist():
        if cluster[leader] >= 0:
            continue
        if n_free < 0.7 * len(rows):
            free = cluster[rows] < 0
            prints.keep(free)
            rows = rows[free]
            place[rows] = np.arange(len(rows))
        found = rows[prints.near(int(place[leader]), distance)]
        found = found[cluster[found] < 0]
        cluster[found] = n_clusters
        n_clusters += 1
        n_free -= len(found)
    return cluster
