"""A measured value."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.tasks.kinds.base import LARGEST_VALUE, TaskKind, task_kinds


@task_kinds.register("regression")
class Regression(TaskKind):
    """Labels are values; predicted is the value, in the same unit.

    Parameters
    ----------
    unit
        Unit of the values, for people to read.
    """

    is_value = True
    label = "a finite number"
    kind: Literal["regression"] = "regression"
    unit: str = ""

    def is_label(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = np.abs(values) <= LARGEST_VALUE
        return found
