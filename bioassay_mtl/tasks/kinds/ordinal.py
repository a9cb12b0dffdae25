"""One of several classes in order."""

from __future__ import annotations

from typing import Literal

from bioassay_mtl.tasks.kinds.base import task_kinds
from bioassay_mtl.tasks.kinds.classes import Classes


@task_kinds.register("ordinal")
class Ordinal(Classes):
    """Classes in order, the lowest first, such as low, medium, high."""

    kind: Literal["ordinal"] = "ordinal"
