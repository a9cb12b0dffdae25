"""Molecules so that every outcome of every assay is spread over the subsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.deal import (
    Deal,
    Fractions,
    dealers,
    largest_first,
    members,
    split_by_dealing,
)
from bioassay_mtl.splits.split import Rows, Split, SplitConfig, splitters
from bioassay_mtl.splits.strata import panel_strata

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@splitters.register("stratified")
def split_stratified(panel: Panel, config: SplitConfig) -> Split:
    """Deal molecules by iterative stratification (:func:`stratify`), rare outcomes first."""
    return split_by_dealing(panel, config, stratified_dealer(panel, config))


@dealers.register("stratified")
def stratified_dealer(panel: Panel, config: SplitConfig) -> Deal:
    """Molecules, with their duplicates."""
    return deal_stratified(panel, panel.groups(), config.n_bins)


def deal_stratified(panel: Panel, groups: NDArray[np.integer[Any]], n_bins: int) -> Deal:
    """Deal whole groups, ``(n,)`` one number a row, each subset its share of each stratum."""
    from scipy.sparse import csr_array

    strata = panel_strata(panel, n_bins)

    def deal(rows: Rows, fractions: Fractions, generator: np.random.Generator) -> Rows:
        member, sizes = members(groups[rows])
        ones = np.ones(len(rows), dtype=np.int64)
        gather = csr_array((ones, (member, np.arange(len(rows)))), shape=(len(sizes), len(rows)))
        return stratify(gather @ strata[rows], sizes, fractions, generator)[member]

    return deal


def stratify(
    cells: csr_array, sizes: Rows, fractions: Fractions, generator: np.random.Generator
) -> Rows:
    """Iterative stratification of groups of rows.

    Again and again, the stratum that the fewest groups are left of is dealt out, its groups by
    falling size, each to the subset that wants this stratum most: the one that is furthest below
    its share. Equal wants are decided by the room that is left in a subset.

    Two rules are added to the published ones. Where no more groups of a stratum are left than
    subsets without it, only those subsets may have them: 3 actives are shared by train, valid and
    test, where shares of 0.8, 0.1 and 0.1 would send all to train. (Fewer groups than subsets go to
    train first.) And a full subset takes no more, so that none outgrows its fraction by as much as
    the largest group.

    Parameters
    ----------
    cells
        ``(G, S)``: cells of each group in each stratum.
    sizes
        ``(G,)``: rows of each group.
    fractions
        Share of each subset.
    generator
        Generator of the order of groups of one size.

    Returns
    -------
    NDArray
        ``(G,)``: the subset of each group.

    References
    ----------
    Sechidis, Tsoumakas and Vlahavas, On the stratification of multi-label data, ECML PKDD 2011,
    algorithm 1.
    """
    order = largest_first(sizes, generator)
    cells, sizes = cells[order], sizes[order].astype(np.float64)
    shares = np.asarray(fractions, dtype=np.float64)
    used = np.flatnonzero(shares > 0)
    room = (shares[used] * sizes.sum()).tolist()
    wanted = shares[used, None] * cells.sum(axis=0)
    absent = np.ones(wanted.shape, dtype=np.bool_)
    by_stratum = cells.tocsc()
    left = np.diff(by_stratum.indptr)
    part = np.full(len(sizes), -1, dtype=np.int64)

    def give(group: int, candidates: list[int], wants: list[float]) -> None:
        chosen = max(candidates, key=lambda p: (wants[p], room[p]))
        part[group] = chosen
        room[chosen] -= sizes[group]
        held = slice(cells.indptr[group], cells.indptr[group + 1])
        strata = cells.indices[held]
        wanted[chosen, strata] -= cells.data[held]
        absent[chosen, strata] = False
        left[strata] -= 1

    while left.any():
        stratum = int(np.argmin(np.where(left > 0, left, len(sizes) + 1)))
        groups = by_stratum.indices[by_stratum.indptr[stratum] : by_stratum.indptr[stratum + 1]]
        for group in groups[part[groups] < 0].tolist():
            candidates = _with_room(room)
            lacking = [p for p in candidates if absent[p, stratum]]
            if lacking and left[stratum] <= len(lacking):
                candidates = lacking
            give(group, candidates, wanted[:, stratum].tolist())
    for group in np.flatnonzero(part < 0).tolist():
        give(group, _with_room(room), [0.0] * len(used))
    result = np.empty(len(sizes), dtype=np.int64)
    result[order] = used[part]
    return result


def _with_room(room: list[float]) -> list[int]:
    return [p for p, free in enumerate(room) if free > 0] or list(range(len(room)))
