"""From measurements, a row each, to a panel of one row a molecule: what layouts share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError, counted
from bioassay_mtl.panels.assembly import Measurements, Molecules, assemble, merge
from bioassay_mtl.panels.header import some
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.reading import Reading
from bioassay_mtl.panels.row_log import Outcome, RowLog
from bioassay_mtl.tasks.kinds import TaskKind


class Part(NamedTuple):
    """The labels of one assay, with the molecule and the row of the file of each.

    `file` is the file's position in a list.
    """

    reading: Reading
    molecule: NDArray[np.int64]
    rows: NDArray[np.int64]
    file: int = 0


def measurements(parts: Sequence[Part]) -> Measurements:
    """The measured cells of assays, in order."""
    held = [~np.isnan(part.reading.values) for part in parts]
    sizes = [int(mask.sum()) for mask in held]
    pairs = list(zip(parts, held, strict=True))
    none = np.zeros(0, np.int64)
    return Measurements(
        np.concatenate([part.molecule[mask] for part, mask in pairs] or [none]),
        np.repeat(np.arange(len(parts)), sizes),
        np.concatenate([p.reading.values[mask] for p, mask in pairs] or [none.astype(np.float64)]),
        np.concatenate([p.reading.bounds[mask] for p, mask in pairs] or [none.astype(np.int8)]),
        np.concatenate([part.rows[mask] for part, mask in pairs] or [none]),
        np.repeat(np.array([part.file for part in parts], np.int64), sizes),
    )


def large_assays(sizes: NDArray[np.int64], min_rows: int, file: Path) -> NDArray[np.bool_]:
    """Which assays have enough molecules, of the ``(T,)`` that each has.

    Raises
    ------
    InputError
        Where none has.
    """
    large: NDArray[np.bool_] = sizes >= min_rows
    if not large.any():
        raise InputError(
            f"no assay has {counted(min_rows, 'molecule')} with a value",
            file=file,
            hint=f"the largest has {sizes.max()}: ask for less with --min-rows"
            if sizes.any()
            else "nothing is measured",
        )
    return large


def panel_of_measurements(
    found: Measurements,
    molecules: Molecules,
    tasks: Sequence[str],
    kinds: Sequence[TaskKind],
    min_rows: int,
    files: Sequence[Path],
    log: RowLog,
) -> Panel:
    """A panel of the assays that have enough molecules, and of the molecules measured in them.

    Raises
    ------
    InputError
        Where no assay has enough.
    """
    sizes = np.bincount(
        np.unique(found.molecule * len(tasks) + found.task) % max(len(tasks), 1),
        minlength=len(tasks),
    )
    large = large_assays(sizes, min_rows, files[0])
    small = found.take(~large[found.task])
    if len(small.rows):
        log.notes.append(
            f"{(~large).sum():,} more have fewer than {min_rows:,} different molecules"
        )
        for number, file in enumerate(files):
            here = small.files == number
            details = [tasks[task] for task in small.task[here]]
            log.add(Outcome.SMALL_ASSAY, file, small.rows[here], "", details)
    found = found.take(large[found.task])
    kept, place = np.unique(found.molecule, return_inverse=True)
    found = replace(found, molecule=place, task=(np.cumsum(large) - 1)[found.task])
    chosen = np.flatnonzero(large).tolist()
    tasks, kinds = [tasks[i] for i in chosen], [kinds[i] for i in chosen]
    log.notes.append(f"assays: {some(tasks)}")
    found = merge(found, tasks, kinds, files, log)
    return assemble(molecules.take(kept), tasks, kinds, found)
