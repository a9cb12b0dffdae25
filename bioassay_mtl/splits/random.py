"""Molecules at random."""

from __future__ import annotations

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.deal import Deal, at_random, deal_groups, dealers, split_by_dealing
from bioassay_mtl.splits.split import Split, SplitConfig, splitters


@splitters.register("random")
def split_randomly(panel: Panel, config: SplitConfig) -> Split:
    """Order the molecules at random and cut the order at the fractions.

    A molecule with all its duplicates goes where its first row falls, so that subsets differ from
    their fractions by less than the duplicates of one molecule each.
    """
    return split_by_dealing(panel, config, random_dealer(panel, config))


@dealers.register("random")
def random_dealer(panel: Panel, config: SplitConfig) -> Deal:
    """Molecules at random."""
    return deal_groups(panel.groups(), at_random)
