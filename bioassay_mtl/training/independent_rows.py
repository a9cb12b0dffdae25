"""Rows that can count as independent draws of molecules."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError, counted
from bioassay_mtl.panels.panel import Panel


def check_rows(panel: Panel, rows: NDArray[np.int64]) -> None:
    """See that no molecule is in two of some rows.

    Raises
    ------
    InputError
        A molecule is in two rows, or the panel has no structures to tell.
    """
    if panel.structures is None:
        raise InputError("the panel has no structures: which rows are one molecule is not known")
    groups = panel.groups()[rows]
    if (n_more := len(groups) - len(np.unique(groups))) > 0:
        raise InputError(
            f"{counted(n_more, 'row repeats', 'rows repeat')} a molecule of another row: rows must "
            "be independent draws, and two rows of a molecule are not",
            hint="merge duplicates when the panel is read, and train again",
        )
