"""Assays that are too small are named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import Split, scarce_assays, split
from bioassay_mtl.tasks.kinds import Binary, Multiclass, Regression

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


def test_what_the_training_part_lacks_is_said(caplog: pytest.LogCaptureFixture) -> None:
    labels = np.full((6, 5), np.nan)
    labels[:, 0] = [0, 0, 1, 2, 0, 2]
    labels[:, 1] = [1, 1, 1, 1, 0, 1]
    labels[4:, 2] = 3.5
    labels[:, 3] = [1, 0, 1, 0, 1, 0]
    kinds = (Multiclass(classes=("x", "y", "z", "-")), Binary(), Regression(), Binary(), Binary())
    panel = Panel.from_arrays(["C" * (i + 1) for i in range(6)], labels, "abcde", kinds=kinds)
    panel.columns["date"] = [str(2000 + row) for row in range(6)]
    settings: dict[str, Any] = {"kind": "time", "column": "date"}
    split(panel, fractions=(0.5, 0.0, 0.5), **settings)
    assert caplog.messages == ["nothing to learn from in the training set: a[z], b[inactive], c"]
    split(panel, fractions=(0.0, 0.0, 1.0), **settings)
    split(panel, fractions=(1.0, 0.0, 0.0), **settings)
    assert len(caplog.messages) == 1


def test_unmeasured_cells_do_not_count() -> None:
    panel = Panel.from_arrays(["C", "CC", "CCC"], [[1, -1], [0, -1], [-1, -1]], ["a", "b"])
    found = scarce_assays(panel, Split(np.arange(3), NO_ROWS, NO_ROWS, 3), at_least=1)
    assert found.to_numpy().tolist() == [["b", "train", "inactive", 0], ["b", "train", "active", 0]]
