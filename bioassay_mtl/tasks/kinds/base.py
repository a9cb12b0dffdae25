"""The contract of task types: which labels a task has, and which columns its predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.config import Config
from bioassay_mtl.errors import InputError
from bioassay_mtl.registry import Registry, settings_of

LARGEST_VALUE = float(np.finfo(np.float32).max) / 100
"""Largest absolute value of a label: sums of a few, and predictions beyond, stay numbers."""


class TaskKind(Config):
    """Kind of the labels of a task.

    Parameters
    ----------
    kind
        The registered name of the kind.
    """

    has_bounds: ClassVar[bool] = False
    """Whether a label may be a bound of the true value."""
    is_value: ClassVar[bool] = False
    """Whether labels are values with a unit, and not outcomes."""
    has_actives: ClassVar[bool] = False
    """Whether labels are 1 for active and 0 for inactive."""
    label: ClassVar[str]
    """Name of a label, in words."""
    kind: str

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Names of the labels 0, 1, ...; none where labels are values."""
        return ()

    def is_label(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Values that are labels of this kind; any shape, none of them NaN."""
        raise NotImplementedError

    def columns(self, task: str) -> tuple[str, ...]:
        """Names of the predicted columns of a task of this kind."""
        return (task,)


task_kinds: Registry[type[TaskKind]] = Registry("task type")


def kind_config(values: str | Mapping[str, Any] | TaskKind) -> TaskKind:
    """A kind by its name, or by a mapping of settings with its ``kind``."""
    return settings_of(task_kinds, values, "binary")


def complete(kinds: Sequence[TaskKind] | None, n_tasks: int) -> tuple[TaskKind, ...]:
    """Kinds of all tasks; none given: all binary.

    Raises
    ------
    InputError
        Their number is another.
    """
    if not kinds:
        return (task_kinds["binary"](kind="binary"),) * n_tasks
    if len(kinds) != n_tasks:
        raise InputError(f"{len(kinds)} kinds for {n_tasks} tasks")
    return tuple(kinds)


def value_columns(tasks: Sequence[str], kinds: Sequence[TaskKind]) -> tuple[str, ...]:
    """Names of the predicted columns that are values; the others are probabilities."""
    pairs = zip(tasks, kinds, strict=True)
    return tuple(name for task, kind in pairs if kind.is_value for name in kind.columns(task))


OF_EVERY_RESULT = ("row", "file", "id", "smiles", "status", "in_training")
"""Columns that stand beside those of tasks."""


def columns_of(tasks: Sequence[str], kinds: Sequence[TaskKind]) -> tuple[str, ...]:
    """Names of the predicted columns of all tasks, in order."""
    pairs = zip(tasks, kinds, strict=True)
    return tuple(name for task, kind in pairs for name in kind.columns(task))
