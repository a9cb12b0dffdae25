"""Whole Bemis-Murcko scaffolds so that every outcome of every assay is spread over the subsets."""

from __future__ import annotations

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.deal import Deal, dealers, split_by_dealing
from bioassay_mtl.splits.scaffold import murcko_scaffolds
from bioassay_mtl.splits.split import Split, SplitConfig, splitters
from bioassay_mtl.splits.stratified import deal_stratified


@splitters.register("stratified_scaffold")
def split_stratified_by_scaffold(panel: Panel, config: SplitConfig) -> Split:
    """Deal scaffolds by iterative stratification, so that no scaffold is in two subsets."""
    return split_by_dealing(panel, config, stratified_scaffold_dealer(panel, config))


@dealers.register("stratified_scaffold")
def stratified_scaffold_dealer(panel: Panel, config: SplitConfig) -> Deal:
    """Scaffolds with all their molecules."""
    return deal_stratified(panel, murcko_scaffolds(panel), config.n_bins)
