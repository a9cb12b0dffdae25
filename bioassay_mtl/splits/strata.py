"""Strata of a sparse panel: which outcomes of which assays a row has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.panels.panel import Panel

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def absent_outcomes(panel: Panel, rows: NDArray[np.int64]) -> list[str]:
    """Outcomes of the panel that these rows lack: assays, and outcomes as ``assay[class]``."""
    whole, part = panel.cells, panel.cells.take(rows)
    n_outcomes = max((len(kind.outcomes) for kind in panel.kinds), default=0)
    held, left = ([of.counts_of(value) > 0 for value in range(n_outcomes)] for of in (whole, part))
    found: list[str] = []
    for column, (task, kind) in enumerate(zip(panel.tasks, panel.kinds, strict=True)):
        if not part.counts[column]:
            found += [task] * bool(whole.counts[column])
            continue
        for number, name in enumerate(kind.outcomes):
            if held[number][column] and not left[number][column]:
                found.append(f"{task}[{name}]")
    return found


def panel_strata(panel: Panel, n_bins: int) -> csr_array:
    """Strata of each row, ``(n, S) int64``, one entry for each measured cell.

    A stratum is an outcome of an assay: active or inactive, a class, or, where values are measured,
    one of `n_bins` ranges that hold about as many measured cells each (equal values are never in
    two). A cell that was not measured is in none.
    """
    from scipy.sparse import csr_array

    cells = panel.cells
    rows, tasks, values = cells.row, cells.task.astype(np.int64), cells.value
    has_values = np.array([not kind.outcomes for kind in panel.kinds], dtype=np.bool_)
    outcomes = np.where(has_values[tasks], 0, values).astype(np.int64)
    if has_values.any():
        at = np.flatnonzero(has_values[tasks])
        outcomes[at] = quantile_bins(tasks[at], values[at], n_bins)
    keys = tasks * (outcomes.max(initial=0) + 1) + outcomes
    occurs = np.bincount(keys) > 0
    strata = (np.cumsum(occurs) - 1)[keys]
    ones = np.ones(len(rows), dtype=np.int64)
    return csr_array((ones, (rows, strata)), shape=(len(panel), np.count_nonzero(occurs)))


def quantile_bins(
    tasks: NDArray[np.int64], values: NDArray[np.floating], n_bins: int
) -> NDArray[np.int64]:
    """Bin of each cell among the cells of its own task, ``(cells,)`` in 0 ... n_bins - 1.

    Bin b holds the cells whose rank (that of the first of equal values) is in the b-th of `n_bins`
    equal shares.
    """
    order = np.lexsort((values, tasks))
    task, value = tasks[order], values[order]
    place = np.arange(len(order))
    new_task = np.diff(task, prepend=-1) != 0
    start = np.maximum.accumulate(np.where(new_task, place, 0))
    changes = new_task | np.append(True, value[1:] != value[:-1])[: len(value)]
    first = np.maximum.accumulate(np.where(changes, place, 0))
    cells = np.bincount(task)[task] if len(task) else place
    bins = np.empty(len(order), dtype=np.int64)
    bins[order] = (first - start) * n_bins // np.maximum(cells, 1)
    return bins
