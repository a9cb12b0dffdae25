"""Tasks of all kinds with random labels, in double precision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from bioassay_mtl.balance.losses import BCE, KindLosses, ValueLoss
from bioassay_mtl.nn.outputs import Outputs
from bioassay_mtl.tasks import Binary, Censored, Multiclass, Ordinal, Regression, TaskKind

MIXED: tuple[TaskKind, ...] = (
    Multiclass(classes=("a", "b", "c")),
    Censored(),
    Binary(),
    Ordinal(classes=("low", "medium", "high", "top")),
    Regression(),
)


def mixed_labels(kinds: Sequence[TaskKind], mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``(n, T) float64`` labels, NaN where not measured, and ``(n, T) int8`` bounds."""
    rng = np.random.default_rng(5)
    labels, bounds = rng.normal(size=mask.shape), np.zeros(mask.shape, np.int8)
    for task, kind in enumerate(kinds):
        n_classes = 2 if kind.kind == "binary" else len(getattr(kind, "classes", ()))
        if n_classes:
            labels[:, task] = rng.integers(n_classes, size=len(mask))
        if kind.has_bounds:
            bounds[:, task] = rng.integers(-1, 2, size=len(mask))
    return np.where(mask, labels, np.nan), np.where(mask, bounds, 0).astype(np.int8)


def mixed_losses(outputs: Outputs, weighted: bool) -> KindLosses:
    """The losses of all kinds, with a Huber loss among them; weighted: with weights of classes."""
    weights: dict[int, Tensor | None] = {}
    for number, group in enumerate(outputs.groups):
        n_classes = 1 if group.kind == "binary" else group.columns.shape[1]
        weight = torch.linspace(0.5, 3, group.tasks.numel() * n_classes, dtype=torch.float64)
        weights[number] = weight if group.kind == "binary" else weight.view(-1, n_classes)
    settings = ValueLoss(huber=0.8, noise=0.6)
    return KindLosses(outputs, BCE(), settings, weights if weighted else None)
