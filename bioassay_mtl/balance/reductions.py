"""Unweighted ways from task losses to one number (unitary scalarization, arXiv 2201.04122)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from bioassay_mtl.balance.losses import TaskLosses
from bioassay_mtl.registry import Registry

reductions: Registry[Callable[[TaskLosses], Tensor]] = Registry("loss reduction")


@reductions.register("sum")
def plain_sum(losses: TaskLosses) -> Tensor:
    """Sum over all measured cells, per molecule: assays with more cells weigh more."""
    return losses.total.sum() / losses.n_rows


@reductions.register("mean_per_task")
def mean_per_task(losses: TaskLosses) -> Tensor:
    """Mean over the tasks present of each one's mean: every assay weighs the same."""
    present = losses.n_cells > 0
    means = losses.total / losses.n_cells.clamp_min(1)
    return means.sum() / present.sum().clamp_min(1)
