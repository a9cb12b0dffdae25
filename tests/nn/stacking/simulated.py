"""Out-of-fold outputs of experts whose worth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.nn.stacking import OutOfFold
from bioassay_mtl.tasks.kinds import TaskKind, kind_config
from bioassay_mtl.tasks.measured import MeasuredCells

BINARY = kind_config("binary")
VALUE = kind_config("regression")
CENSORED = kind_config("censored")
CLASSES = kind_config({"kind": "multiclass", "classes": ("a", "b", "c")})
ORDER = kind_config({"kind": "ordinal", "classes": ("low", "medium", "high")})
COUNTS = {"multiclass": 3, "ordinal": 2}


def held_out(
    outputs: NDArray[Any],
    labels: NDArray[Any],
    kinds: tuple[TaskKind, ...],
    bounds: NDArray[np.int8] | None = None,
    weight: NDArray[Any] | None = None,
) -> OutOfFold:
    """From outputs ``(n, E, O)`` and labels ``(n, T)``, NaN where not measured."""
    cells = MeasuredCells.from_dense(labels.astype(np.float32), bounds)
    counts = np.array([COUNTS.get(kind.kind, 1) for kind in kinds])
    return OutOfFold(outputs, cells, kinds, counts, weight)


def outcomes(
    rng: np.random.Generator,
    n_rows: int,
    noises: tuple[float, ...],
    n_tasks: int = 1,
    base: float = -1.5,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits ``(n, E, T)`` and labels ``(n, T)``: each expert is the truth plus its own noise."""
    truth = base + 2 * rng.standard_normal((n_rows, n_tasks))
    labels = rng.random(truth.shape) < 1 / (1 + np.exp(-truth))
    said = [truth + noise * rng.standard_normal(truth.shape) for noise in noises]
    return np.stack(said, axis=1).astype(np.float32), labels.astype(np.float32)
