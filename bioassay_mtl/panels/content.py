"""Content of a panel, for readers that import no panels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.blocks import Block
from bioassay_mtl.chem.molecule import Standardizing
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.measured import MeasuredCells


@dataclass(frozen=True, eq=False, kw_only=True)
class PanelContent:
    """The arguments of a :class:`~bioassay_mtl.panels.panel.Panel`, which checks and explains them.

    Parameters
    ----------
    structures, features, labels, tasks, ids, columns, kinds, bounds, standardize
        See there.
    """

    structures: list[str] | None
    features: dict[str, Block] | None
    labels: NDArray[Any] | MeasuredCells
    tasks: tuple[str, ...]
    ids: list[str]
    columns: dict[str, list[str]] = field(default_factory=dict)
    kinds: tuple[TaskKind, ...] = ()
    bounds: NDArray[np.int8] | None = None
    standardize: Standardizing = False
