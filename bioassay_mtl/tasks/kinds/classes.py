"""Several classes, as labels of multiclass and ordinal tasks."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.tasks.kinds.base import TaskKind


class Classes(TaskKind):
    """Labels 0, 1, ... are numbers of classes; predicted is the probability of each class.

    Parameters
    ----------
    classes
        K different names.
    """

    label = "the number of a class"
    classes: Annotated[tuple[str, ...], Field(min_length=2)]

    @field_validator("classes")
    @classmethod
    def _different(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(classes)) < len(classes):
            raise ConfigError(f"classes must have different names, found {', '.join(classes)}")
        return classes

    @property
    def outcomes(self) -> tuple[str, ...]:
        return self.classes

    def is_label(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = np.isin(values, np.arange(len(self.classes)))
        return found

    def columns(self, task: str) -> tuple[str, ...]:
        return tuple(f"{task}[{name}]" for name in self.classes)
