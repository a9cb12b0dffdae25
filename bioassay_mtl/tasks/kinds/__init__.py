"""Kinds of tasks: what an assay's labels mean. A new kind is a new file here."""

from bioassay_mtl.tasks.kinds.base import (
    OF_EVERY_RESULT,
    TaskKind,
    columns_of,
    complete,
    kind_config,
    task_kinds,
    value_columns,
)
from bioassay_mtl.tasks.kinds.binary import Binary
from bioassay_mtl.tasks.kinds.censored import Censored
from bioassay_mtl.tasks.kinds.classes import Classes
from bioassay_mtl.tasks.kinds.multiclass import Multiclass
from bioassay_mtl.tasks.kinds.ordinal import Ordinal
from bioassay_mtl.tasks.kinds.regression import Regression

__all__ = [
    "OF_EVERY_RESULT",
    "Binary",
    "Censored",
    "Classes",
    "Multiclass",
    "Ordinal",
    "Regression",
    "TaskKind",
    "columns_of",
    "complete",
    "kind_config",
    "task_kinds",
    "value_columns",
]
