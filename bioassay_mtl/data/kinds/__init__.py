"""Kinds of tasks: what an assay's labels mean. A new kind is a new file here."""

from bioassay_mtl.data.kinds.base import (
    OF_EVERY_RESULT,
    TaskKind,
    all_binary,
    columns_of,
    complete,
    kind_config,
    task_kinds,
    value_columns,
)
from bioassay_mtl.data.kinds.binary import Binary
from bioassay_mtl.data.kinds.censored import Censored
from bioassay_mtl.data.kinds.classes import Classes
from bioassay_mtl.data.kinds.multiclass import Multiclass
from bioassay_mtl.data.kinds.ordinal import Ordinal
from bioassay_mtl.data.kinds.regression import Regression

__all__ = [
    "OF_EVERY_RESULT",
    "Binary",
    "Censored",
    "Classes",
    "Multiclass",
    "Ordinal",
    "Regression",
    "TaskKind",
    "all_binary",
    "columns_of",
    "complete",
    "kind_config",
    "task_kinds",
    "value_columns",
]
