"""Splits of a panel: one file each, all reached through :func:`split` and :func:`folds`."""

from typing import TYPE_CHECKING

from bioassay_mtl.renamed import in_module
from bioassay_mtl.splits import (
    cluster,
    column,
    indices,
    random,
    scaffold,
    scaffold_balanced,
    stratified,
    stratified_scaffold,
    time,
)
from bioassay_mtl.splits.cross_validation import folds
from bioassay_mtl.splits.scarce import scarce_assays
from bioassay_mtl.splits.split import SUBSETS, Split, SplitConfig, split, splitters

__all__ = [
    "SUBSETS",
    "Split",
    "SplitConfig",
    "cluster",
    "column",
    "folds",
    "indices",
    "random",
    "scaffold",
    "scaffold_balanced",
    "scarce_assays",
    "split",
    "splitters",
    "stratified",
    "stratified_scaffold",
    "time",
]


if not TYPE_CHECKING:
    __getattr__ = in_module(__name__, PARTS="SUBSETS")
