"""Assembly of a panel from labels of assays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.panels.content import PanelContent
from bioassay_mtl.panels.replicates import Merged, merge_classes, merge_values
from bioassay_mtl.panels.row_log import Outcome, RowLog
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.measured import MeasuredCells


@dataclass(frozen=True, eq=False)
class Molecules:
    """The rows of a panel.

    Parameters
    ----------
    structures, ids
        n texts each.
    columns
        Further columns, as n texts each.
    """

    structures: list[str]
    ids: list[str]
    columns: dict[str, list[str]]

    def __len__(self) -> int:
        return len(self.structures)

    def take(self, rows: NDArray[Any]) -> Molecules:
        """Some of them, in that order."""
        places = rows.tolist()
        return Molecules(
            [self.structures[i] for i in places],
            [self.ids[i] for i in places],
            {name: [column[i] for i in places] for name, column in self.columns.items()},
        )


@dataclass(frozen=True, eq=False)
class Measurements:
    """Measured cells, one an entry; n of them.

    Parameters
    ----------
    molecule, task
        ``(n,) int64``: the row and the column of the panel.
    values, bounds
        ``(n,)``: the label, never NaN, and its bound.
    rows
        ``(n,) int64``: the row of the file.
    files
        ``(n,) int64``: the file, as a position in a list.
    """

    molecule: NDArray[np.int64]
    task: NDArray[np.int64]
    values: NDArray[np.float64]
    bounds: NDArray[np.int8]
    rows: NDArray[np.int64]
    files: NDArray[np.int64]

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Measurements:
        """Some of them."""
        return Measurements(
            self.molecule[chosen],
            self.task[chosen],
            self.values[chosen],
            self.bounds[chosen],
            self.rows[chosen],
            self.files[chosen],
        )


def assemble(
    molecules: Molecules,
    tasks: Sequence[str],
    kinds: Sequence[TaskKind],
    found: Measurements,
) -> PanelContent:
    """A panel's content from measurements of which no two are of one cell."""
    cells = MeasuredCells.of(
        found.molecule, found.task, found.values, found.bounds, shape=(len(molecules), len(tasks))
    )
    return PanelContent(
        structures=molecules.structures,
        features=None,
        labels=cells,
        tasks=tuple(tasks),
        ids=molecules.ids,
        columns=molecules.columns,
        kinds=tuple(kinds),
    )


def merge(
    found: Measurements, tasks: Sequence[str], kinds: Sequence[TaskKind], files: Sequence[Path],
    log: RowLog,
) -> Measurements:  # fmt: skip
    """One measurement a cell, by the rules of :mod:`~bioassay_mtl.panels.replicates`."""
    if not len(found.rows):
        return found
    keys = found.molecule * len(tasks) + found.task
    if len(np.unique(keys)) == len(keys):
        return found
    counted = np.array([bool(kind.outcomes) for kind in kinds])[found.task]
    parts = []
    if counted.any():
        parts.append(merge_classes(keys[counted], found.values[counted]))
    if not counted.all():
        spread = _spread(found, len(tasks))[found.task]
        held = ~counted
        parts.append(merge_values(keys[held], found.values[held], found.bounds[held], spread[held]))
    merged = _sorted(parts)
    _, first = np.unique(keys, return_index=True)
    _report(found, keys, merged, tasks, kinds, files, log)
    kept = ~np.isnan(merged.values)
    single = replace(found.take(first), values=merged.values, bounds=merged.bounds)
    return single.take(kept)


def _sorted(parts: Sequence[Merged]) -> Merged:
    """Merged cells of several kinds, by their keys."""
    order = np.argsort(np.concatenate([part.keys for part in parts]))
    columns: list[Any] = [np.concatenate(held)[order] for held in zip(*parts, strict=True)]
    return Merged(*columns)


def _spread(found: Measurements, n_tasks: int) -> NDArray[np.float64]:
    """Standard deviation of each task's exact values, ``(n_tasks,)``."""
    exact = found.bounds == 0
    task, values = found.task[exact], found.values[exact]
    counts = np.maximum(np.bincount(task, minlength=n_tasks), 1)
    mean = np.bincount(task, values, n_tasks) / counts
    squares = np.bincount(task, (values - mean[task]) ** 2, n_tasks)
    spread: NDArray[np.float64] = np.sqrt(squares / counts)
    return spread


def _report(
    found: Measurements, keys: NDArray[np.int64], merged: Merged, tasks: Sequence[str],
    kinds: Sequence[TaskKind], files: Sequence[Path], log: RowLog,
) -> None:  # fmt: skip
    place = np.searchsorted(merged.keys, keys)
    several = merged.counts[place] > 1
    for outcome, chosen in (
        (Outcome.MERGED, several & ~merged.contradiction[place]),
        (Outcome.CONTRADICTION, several & merged.contradiction[place]),
    ):
        picked = np.flatnonzero(chosen)
        picked = picked[np.lexsort((found.task[picked], found.files[picked]))]
        group = found.files[picked] * len(tasks) + found.task[picked]
        for these in np.split(picked, np.flatnonzero(np.diff(group)) + 1):
            if len(these):
                task = found.task[these[0]]
                details = [
                    f"{written(found.values[i], found.bounds[i], kinds[task])}; of all: "
                    f"{written(merged.values[c], merged.bounds[c], kinds[task]) or 'dropped'}"
                    for i, c in zip(these, place[these], strict=True)
                ]
                file = files[found.files[these[0]]]
                log.add(outcome, file, found.rows[these], tasks[task], details)


def written(value: float, bound: int, kind: TaskKind) -> str:
    """A label as a table has it: ``1``, ``high``, ``>4.7``; empty where not measured."""
    if np.isnan(value):
        return ""
    if not kind.has_actives and kind.outcomes:
        return kind.outcomes[int(value)]
    number = (
        np.format_float_positional(np.float32(value), trim="-")
        if (value == 0 or 1e-4 <= abs(value) < 1e7)
        else str(np.float32(value))
    )
    return ("<" if bound < 0 else ">" if bound > 0 else "") + number
