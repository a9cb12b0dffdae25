"""Reductions of the measured cells of a task to its loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from bioassay_mtl.balance.losses import TaskLosses
from bioassay_mtl.registry import Registry

reductions: Registry[Callable[[TaskLosses], Tensor]] = Registry("loss reduction")
"""Each maps to ``(T,)`` losses; a task without a measured cell in the batch has 0."""


@reductions.register("sum")
def per_molecule(losses: TaskLosses) -> Tensor:
    """Sum over the measured cells, per molecule: assays with more cells weigh more."""
    return losses.total / losses.n_rows


@reductions.register("mean_per_task")
def per_cell(losses: TaskLosses) -> Tensor:
    """Mean over the measured cells, per task present: every assay weighs the same."""
    n_present = (losses.n_cells > 0).sum().clamp_min(1)
    return task_means(losses) / n_present


def task_means(losses: TaskLosses) -> Tensor:
    """``(T,)``: mean over the measured cells of each task."""
    return losses.total / torch.where(losses.n_cells > 0, losses.n_cells, 1)
