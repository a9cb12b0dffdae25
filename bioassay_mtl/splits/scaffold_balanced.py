"""Molecules by Bemis-Murcko scaffold: the balanced, seeded split."""

from __future__ import annotations

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.deal import deal_groups, dealers, frequent_first, split_by_dealing
from bioassay_mtl.splits.scaffold import murcko_scaffolds, scaffold_dealer
from bioassay_mtl.splits.split import Split, SplitConfig, splitters


@splitters.register("scaffold_balanced")
def split_by_scaffold_balanced(panel: Panel, config: SplitConfig) -> Split:
    """Frequent scaffolds go to train, the others anywhere at random.

    A scaffold that would take more than half of valid or of test counts as frequent. Both kinds are
    shuffled, the frequent ones come first, and each goes to the first subset that has room, else to
    the last subset. Test molecules thus have new scaffolds, but not only the rarest ones.

    References
    ----------
    Yang et al., J. Chem. Inf. Model. 59 (2019) 3370 (chemprop's ``SCAFFOLD_BALANCED``).
    """
    return split_by_dealing(panel, config, deal_groups(murcko_scaffolds(panel), frequent_first))


dealers.register("scaffold_balanced")(scaffold_dealer)
