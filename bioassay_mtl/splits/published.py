"""Keep a published split, with duplicates of a molecule in one subset only."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError, counted
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.split import SUBSETS, Split, SplitConfig

logger = logging.getLogger(__name__)


def keep_published(panel: Panel, part: NDArray[np.int8], config: SplitConfig) -> Split:
    """The split of `part` ``(n,)`` (0 train, 1 valid, 2 test, -1 none), without shared duplicates.

    If duplicates of a molecule are in several subsets, those of the last of train, valid, test
    stay: what is published of a test subset remains comparable, and training loses a row that would
    have told the answer.

    Raises
    ------
    InputError
        With ``duplicates="raise"``, where there are such duplicates.
    """
    groups = panel.groups()
    last = np.full(groups.max(initial=-1) + 1, -1, dtype=np.int8)
    np.maximum.at(last, groups, part)
    leaked = (part >= 0) & (part < last[groups])
    if leaked.any() and config.duplicates == "raise":
        row = int(np.argmax(leaked))
        other = int(np.argmax((groups == groups[row]) & (part == last[groups[row]])))
        raise InputError(
            f"{counted(int(leaked.sum()), 'row has', 'rows have')} a duplicate in another subset: "
            f"row {row} is in {SUBSETS[part[row]]}, its duplicate in row {other} in "
            f"{SUBSETS[part[other]]}",
            hint="duplicates='leave_out' leaves the earlier subset's rows out",
        )
    kept = np.where(leaked, np.int8(-1), part)
    if leaked.any():
        logger.warning(
            "left out, with a duplicate in a later subset: %s", counted(leaked.sum(), "row")
        )
    if (part < 0).any():
        logger.info("in no subset of the split: %s", counted(int((part < 0).sum()), "row"))
    return Split.of_parts(kept)
