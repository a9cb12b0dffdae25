"""Active or inactive."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.tasks.kinds.base import TaskKind, task_kinds


@task_kinds.register("binary")
class Binary(TaskKind):
    """Labels 1 (active) and 0 (inactive); predicted is the probability of activity."""

    has_actives = True
    label = "0 or 1"
    kind: Literal["binary"] = "binary"

    @property
    def outcomes(self) -> tuple[str, ...]:
        return ("inactive", "active")

    def is_label(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (values == 0) | (values == 1)
        return found
