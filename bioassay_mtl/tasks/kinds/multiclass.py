"""One of several classes without an order."""

from __future__ import annotations

from typing import Literal

from bioassay_mtl.tasks.kinds.base import task_kinds
from bioassay_mtl.tasks.kinds.classes import Classes


@task_kinds.register("multiclass")
class Multiclass(Classes):
    """Classes without an order, such as agonist, antagonist, neither."""

    kind: Literal["multiclass"] = "multiclass"
