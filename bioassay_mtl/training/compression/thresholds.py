"""Thresholds of activity: in each assay, where most of both outcomes are told apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.tasks.measured import MeasuredCells


def best_thresholds(outputs: NDArray[np.float32], cells: MeasuredCells) -> NDArray[np.float32]:
    """``(T,)``: logits with the least balanced error; 0 without actives or without inactives.

    Parameters
    ----------
    outputs
        ``(n, T)`` logits.
    cells
        Measured cells of the same rows, all of binary tasks.
    """
    found = np.zeros(cells.n_tasks, dtype=np.float32)
    for task in range(cells.n_tasks):
        mine = cells.of_task(task)
        found[task] = _best(outputs[mine.rows, task], mine.values > 0.5)
    return found


def _best(said: NDArray[np.float32], active: NDArray[np.bool_]) -> float:
    n_active = int(active.sum())
    n_inactive = len(active) - n_active
    if not n_active or not n_inactive:
        return 0.0
    order = np.argsort(said, kind="stable")
    said, active = said[order], active[order]
    # Above the k-th on, all are called active: what is missed lies below, false alarms above.
    missed = np.cumsum(active) / n_active
    alarms = 1 - np.cumsum(~active) / n_inactive
    last_of_ties = np.append(np.diff(said) > 0, True)
    error = np.where(last_of_ties, missed + alarms, np.inf)
    return float(said[int(error.argmin())])
