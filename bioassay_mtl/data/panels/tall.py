"""From measurements, a row each, to a panel of one row a molecule: what long layouts share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.data.kinds import TaskKind
from bioassay_mtl.data.panel import Panel
from bioassay_mtl.data.panels.assembly import Measurements, Molecules, assemble, merge
from bioassay_mtl.data.panels.header import some
from bioassay_mtl.data.panels.reading import Reading
from bioassay_mtl.data.panels.row_log import Outcome, RowLog
from bioassay_mtl.errors import InputError


def measurements(
    parts: Sequence[tuple[Reading, NDArray[np.int64], int]], molecule: NDArray[np.int64]
) -> Measurements:
    """Measurements of assays, in order.

    Parameters
    ----------
    parts
        Of each assay the labels, the rows of the file that they are of, and the file's position.
    molecule
        The molecule of every row of the file.
    """
    held = [~np.isnan(reading.values) for reading, _, _ in parts]
    sizes = [int(mask.sum()) for mask in held]
    pairs = list(zip(parts, held, strict=True))
    rows: NDArray[np.int64] = np.concatenate([p[1][mask] for p, mask in pairs] or [_NONE])
    return Measurements(
        molecule[rows],
        np.repeat(np.arange(len(parts)), sizes),
        np.concatenate([p[0].values[mask] for p, mask in pairs] or [_NONE.astype(np.float64)]),
        np.concatenate([p[0].bounds[mask] for p, mask in pairs] or [_NONE.astype(np.int8)]),
        rows,
        np.repeat(np.array([p[2] for p in parts], np.int64), sizes),
    )


_NONE = np.zeros(0, np.int64)


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
    large = sizes >= min_rows
    if not large.any():
        raise InputError(
            f"no assay has {min_rows} molecules with a value",
            file=files[0],
            hint=f"the largest has {sizes.max()}: ask for less with --min-rows"
            if len(sizes) and sizes.max()
            else "nothing is measured",
        )
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
