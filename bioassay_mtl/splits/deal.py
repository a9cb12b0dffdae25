"""Deal groups of rows that stay together to subsets: what splits and folds share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.registry import Registry, function
from bioassay_mtl.splits.split import Rows, Split, SplitConfig

Fractions = Sequence[float]
Deal = Callable[[Rows, Fractions, np.random.Generator], Rows]
"""Map from rows ``(m,)`` and the share of each subset to the subset of each row ``(m,)``."""

Rule = Callable[[Rows, Fractions, np.random.Generator], Rows]
"""Map from the sizes of groups ``(G,)`` and the share of each subset to each group's subset."""


class Dealer(Protocol):
    """Looks at a panel once, and then deals any of its rows to any number of subsets."""

    def __call__(self, panel: Panel, config: SplitConfig) -> Deal: ...


dealers: Registry[Dealer] = Registry("split with folds", "dealers", function)


def split_by_dealing(panel: Panel, config: SplitConfig, deal: Deal) -> Split:
    """Deal all rows to train, valid and test."""
    generator = np.random.default_rng(config.seed)
    return Split.of_parts(deal(np.arange(len(panel)), config.fractions, generator))


def deal_groups(groups: NDArray[np.integer[Any]], rule: Rule) -> Deal:
    """Deal whole groups, ``(n,)`` one number a row, by a rule that looks at their sizes."""

    def deal(rows: Rows, fractions: Fractions, generator: np.random.Generator) -> Rows:
        member, sizes = members(groups[rows])
        return rule(sizes, fractions, generator)[member]

    return deal


def members(groups: NDArray[np.integer[Any]]) -> tuple[Rows, Rows]:
    """Number the groups that occur from 0: the number of each row, and the size of each group."""
    _, member, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return member, sizes


def at_random(sizes: Rows, fractions: Fractions, generator: np.random.Generator) -> Rows:
    """Order the groups at random and cut the order at the fractions.

    A group goes where its first row falls, so that subsets differ from their fractions by less than
    one group each.
    """
    order = generator.permutation(len(sizes))
    start = np.empty(len(sizes), dtype=np.int64)
    start[order] = np.cumsum(sizes[order]) - sizes[order]
    cuts = np.rint(np.cumsum(fractions)[:-1] * sizes.sum())
    return np.searchsorted(cuts, start, side="right")


def evenly(sizes: Rows, fractions: Fractions, generator: np.random.Generator) -> Rows:
    """Shuffle the groups, then give the largest first to the subset with most room.

    No subset outgrows its fraction by as much as the largest group.
    """
    room = [fraction * float(sizes.sum()) for fraction in fractions]
    part = np.empty(len(sizes), dtype=np.int64)
    for group in largest_first(sizes, generator).tolist():
        part[group] = chosen = room.index(max(room))
        room[chosen] -= float(sizes[group])
    return part


def frequent_first(sizes: Rows, fractions: Fractions, generator: np.random.Generator) -> Rows:
    """Large groups go to the first subset, the others anywhere at random.

    A group that would take more than half of another subset counts as large. Both kinds are
    shuffled, the large ones come first, and each goes to the first subset that has room, else to
    the last subset.
    """
    room = [fraction * float(sizes.sum()) for fraction in fractions]
    used = [part for part, share in enumerate(room) if share > 0]
    limit = min((room[part] for part in used if part), default=float(sizes.sum())) / 2
    order = generator.permutation(len(sizes))
    order = order[np.argsort(sizes[order] <= limit, kind="stable")]
    parts = np.empty(len(sizes), dtype=np.int64)
    for group in order.tolist():
        size = int(sizes[group])
        parts[group] = part = next((part for part in used if size <= room[part]), used[-1])
        room[part] -= size
    return parts


def largest_first(sizes: Rows, generator: np.random.Generator) -> Rows:
    """Groups by falling size, those of one size in random order."""
    order = generator.permutation(len(sizes))
    return order[np.argsort(-sizes[order], kind="stable")]
