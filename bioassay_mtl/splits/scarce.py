"""Assays that have too few outcomes in a part for a metric to mean something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits.split import PARTS, Split
from bioassay_mtl.splits.strata import outcome_names

if TYPE_CHECKING:
    import pandas as pd


def scarce_assays(panel: Panel, parts: Split, at_least: int = 5) -> pd.DataFrame:
    """Name the assays with fewer than `at_least` cells of an outcome in a part.

    Parameters
    ----------
    panel
        The panel that was split.
    parts
        Its split; a part without rows is passed over.
    at_least
        Cells below which an outcome is named: the actives and the inactives of a binary assay, each
        class of others, all measured cells where values are measured.

    Returns
    -------
    DataFrame
        ``task, part, outcome, n``, in the order of the tasks; empty where nothing is scarce.
    """
    import pandas as pd

    mask = panel.mask
    found: list[tuple[str, str, str, int]] = []
    filled = [(part, getattr(parts, part)) for part in PARTS if len(getattr(parts, part))]
    for column, (task, kind) in enumerate(zip(panel.tasks, panel.kinds, strict=True)):
        names = outcome_names(kind)
        for part, rows in filled:
            values = panel.labels[rows[mask[rows, column]], column]
            counts: Sequence[int] = ()
            if names:
                counts = np.bincount(values.astype(np.int64), minlength=len(names)).tolist()
            outcomes = dict(zip(names, counts, strict=True)) or {"measured": len(values)}
            found += [(task, part, name, n) for name, n in outcomes.items() if n < at_least]
    return pd.DataFrame(found, columns=["task", "part", "outcome", "n"])
