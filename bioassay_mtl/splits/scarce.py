"""Assays that have too few outcomes in a subset for a metric to mean something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.split import SUBSETS, Split

if TYPE_CHECKING:
    import pandas as pd


def scarce_assays(panel: Panel, parts: Split, at_least: int = 5) -> pd.DataFrame:
    """Name the assays with fewer than `at_least` cells of an outcome in a subset.

    Parameters
    ----------
    panel
        The panel that was split.
    parts
        Split of the panel; a subset without rows is passed over.
    at_least
        Cells below which an outcome is named: the actives and the inactives of a binary assay, each
        class of others, all measured cells where values are measured.

    Returns
    -------
    DataFrame
        ``task, part, outcome, n``, in the order of the tasks; empty where nothing is scarce.
    """
    import pandas as pd

    found: list[tuple[str, str, str, int]] = []
    filled = [
        (part, panel.cells.take(getattr(parts, part)))
        for part in SUBSETS
        if len(getattr(parts, part))
    ]
    for column, (task, kind) in enumerate(zip(panel.tasks, panel.kinds, strict=True)):
        for part, cells in filled:
            values = cells.of_task(column).values
            names = kind.outcomes or ("measured",)
            counts = np.bincount(
                values.astype(np.int64) if kind.outcomes else np.zeros(len(values), np.int64),
                minlength=len(names),
            ).tolist()
            pairs = zip(names, counts, strict=True)
            found += [(task, part, name, n) for name, n in pairs if n < at_least]
    return pd.DataFrame(found, columns=["task", "part", "outcome", "n"])
