"""Panels of assays, their splits, their metrics, and where public ones come from."""

from bioassay_mtl.data.kinds import (
    Binary,
    Censored,
    Multiclass,
    Ordinal,
    Regression,
    TaskKind,
    task_kinds,
)
from bioassay_mtl.data.panel import NOT_MEASURED, Panel
from bioassay_mtl.data.splits import Split, SplitConfig, split

__all__ = [
    "NOT_MEASURED",
    "Binary",
    "Censored",
    "Multiclass",
    "Ordinal",
    "Panel",
    "Regression",
    "Split",
    "SplitConfig",
    "TaskKind",
    "split",
    "task_kinds",
]
