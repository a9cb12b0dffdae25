"""Labels of assays and what they mean: task types, labels, target scaling, units."""

from bioassay_mtl.tasks.kinds import (
    Binary,
    Censored,
    Multiclass,
    Ordinal,
    Regression,
    TaskKind,
    task_kinds,
)

__all__ = [
    "Binary",
    "Censored",
    "Multiclass",
    "Ordinal",
    "Regression",
    "TaskKind",
    "task_kinds",
]
