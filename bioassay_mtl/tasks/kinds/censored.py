"""A measured value, or a bound of it."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.tasks.kinds.base import LARGEST_VALUE, TaskKind, task_kinds


@task_kinds.register("censored")
class Censored(TaskKind):
    """Labels are values, some of them censored (``> 10000``); predicted is the value itself.

    Parameters
    ----------
    unit
        Unit of the values, for people to read.
    """

    has_bounds = True
    is_value = True
    label = "a finite number"
    kind: Literal["censored"] = "censored"
    unit: str = ""

    def is_label(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = np.abs(values) <= LARGEST_VALUE
        return found
