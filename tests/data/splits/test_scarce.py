"""Assays that are too small are named."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.data import Panel, Split
from bioassay_mtl.data.kinds import Binary, Multiclass, Regression
from bioassay_mtl.data.splits import scarce_assays

NO_ROWS = np.array([], dtype=np.int64)


def test_outcomes_with_too_few_cells_are_named() -> None:
    labels = np.full((12, 3), np.nan)
    labels[:, 0] = [1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0]
    labels[:, 1] = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 1]
    labels[[0, 1, 2, 8], 2] = [3.5, 4.5, 0, 7]
    kinds = (Binary(), Multiclass(classes=("low", "mid", "high")), Regression())
    panel = Panel.from_arrays(["C" * (i + 1) for i in range(12)], labels, "abc", kinds=kinds)
    parts = Split(np.arange(8), NO_ROWS, np.arange(8, 12), 12)
    found = scarce_assays(panel, parts, at_least=2)
    assert found.to_numpy().tolist() == [
        ["a", "test", "inactive", 1],
        ["b", "test", "mid", 1],
        ["b", "test", "high", 1],
        ["c", "test", "measured", 1],
    ]
    assert list(found.columns) == ["task", "part", "outcome", "n"]
    assert scarce_assays(panel, parts, at_least=0).empty


def test_unmeasured_cells_do_not_count() -> None:
    panel = Panel.from_arrays(["C", "CC", "CCC"], [[1, -1], [0, -1], [-1, -1]], ["a", "b"])
    found = scarce_assays(panel, Split(np.arange(3), NO_ROWS, NO_ROWS, 3), at_least=1)
    assert found.to_numpy().tolist() == [["b", "train", "inactive", 0], ["b", "train", "active", 0]]
