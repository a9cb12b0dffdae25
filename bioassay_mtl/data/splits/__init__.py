"""Splits of a panel: one file each, all reached through :func:`split`."""

from bioassay_mtl.data.splits import column, indices, random, scaffold, scaffold_balanced
from bioassay_mtl.data.splits.split import PARTS, Split, SplitConfig, split, splitters

__all__ = [
    "PARTS",
    "Split",
    "SplitConfig",
    "column",
    "indices",
    "random",
    "scaffold",
    "scaffold_balanced",
    "split",
    "splitters",
]
