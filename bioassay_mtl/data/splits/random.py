"""Molecules at random."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.data.panel import Panel
from bioassay_mtl.data.splits.split import Split, SplitConfig, splitters


@splitters.register("random")
def split_randomly(panel: Panel, config: SplitConfig) -> Split:
    """Order the molecules at random and cut the order at the fractions.

    A molecule with all its copies goes where its first row falls, so that parts differ from their
    fractions by less than the copies of one molecule each.
    """
    groups = panel.groups()
    sizes = np.bincount(groups) if len(groups) else np.zeros(0, dtype=np.int64)
    order = np.random.default_rng(config.seed).permutation(len(sizes))
    start = np.empty(len(sizes), dtype=np.int64)
    start[order] = np.cumsum(sizes[order]) - sizes[order]
    train, valid, _ = config.fractions
    cuts = [round(train * len(panel)), round((train + valid) * len(panel))]
    return Split.of_parts(np.searchsorted(cuts, start, side="right")[groups])
