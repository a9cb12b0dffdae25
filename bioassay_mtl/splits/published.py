"""Keep a published split, with copies of a molecule in one part only."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError, counted
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.split import PARTS, Split, SplitConfig

logger = logging.getLogger(__name__)


def keep_published(panel: Panel, part: NDArray[np.int8], config: SplitConfig) -> Split:
    """The split of `part` ``(n,)`` (0 train, 1 valid, 2 test, -1 none), without shared copies.

    If duplicates of a molecule are in several subsets, those of the last of train, valid, test
    stay: what is published of a test subset remains comparable, and training loses a row that would
    have told the answer.

    Raises
    ------
    InputError
        With ``copies="raise"``, where there are such copies.
    """
    groups = panel.groups()
    last = np.full(groups.max(initial=-1) + 1, -1, dtype=np.int8)
    np.maximum.at(last, groups, part)
    leaked = (part >= 0) & (part < last[groups])
    if leaked.any() and config.copies == "raise":
        row = int(np.argmax(leaked))
        other = int(np.argmax((groups == groups[row]) & (part == last[groups[row]])))
        raise InputError(
            f"{counted(int(leaked.sum()), 'row has', 'rows have')} a copy in another part: "
            f"row {row} is in {PARTS[part[row]]}, its copy in row {other} in {PARTS[part[other]]}",
            hint="copies='leave_out' leaves the earlier part's rows out",
        )
    kept = np.where(leaked, np.int8(-1), part)
    if leaked.any():
        logger.warning("left out, with a copy in a later part: %s", counted(leaked.sum(), "row"))
    if (part < 0).any():
        logger.info("in no part of the split: %s", counted(int((part < 0).sum()), "row"))
    return Split.of_parts(kept)
