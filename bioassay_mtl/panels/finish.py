"""Last step of reading, from parts that a layout found to a panel: one road for all layouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError, counted
from bioassay_mtl.panels.assembly import Measurements, Molecules, assemble, merge
from bioassay_mtl.panels.content import PanelContent
from bioassay_mtl.panels.duplicates import group_by_structure, number
from bioassay_mtl.panels.header import some
from bioassay_mtl.panels.parts import Parts
from bioassay_mtl.panels.row_log import Outcome, RowLog, Topic
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.panels.structures import of_molecules, standardized, usable
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.wording import setting


def finish(parts: Parts, schema: PanelSchema, files: Sequence[Path], log: RowLog) -> PanelContent:
    """Standardize, group, drop small assays, merge replicates, assemble.

    Raises
    ------
    InputError
        If no molecule can be used, or no assay has enough of them.
    """
    used = _usable(parts, files, log) if log.clean else parts.used
    if parts.by == "row" and not len(used):
        raise InputError("no row has a SMILES that can be used", file=files[0])
    structures = _standardized(parts, used, schema, files, log)
    whole = parts.by == "row" and not schema.merge
    molecule = _molecules(parts, structures, used, whole)
    tasks, kinds = _names(parts), [part.reading.kind for part in parts.assays]
    found = _measurements(parts, molecule)
    if whole and log.clean:
        _report_copies(structures, used, found, tasks, kinds, files, log)
    found, tasks, kinds = _large(found, tasks, kinds, schema.min_rows, files, log)
    numbers = np.unique(molecule[used])
    kept = numbers if parts.by == "row" else np.unique(found.molecule)
    place = np.searchsorted(kept, found.molecule)
    found = merge(replace(found, molecule=place), tasks, kinds, files, log)
    if not len(found.molecule):
        raise InputError(
            "nothing is left of what was measured: all measurements of a molecule contradict each "
            "other",
            file=files[0],
            hint="leave one of each, or say what its values mean",
        )
    rows = _rows_of(parts, molecule, used, whole, log)
    chosen = _first(molecule, used)[np.searchsorted(numbers, kept)].tolist()
    known = structures if parts.by != "key" else _known(structures, molecule, used)
    molecules = Molecules(
        [known[i] for i in chosen],
        [str(n) for n in kept] if parts.ids is None else [parts.ids[i] for i in chosen],
        {
            name: [parts.columns[name][i] for i in places[np.searchsorted(numbers, kept)].tolist()]
            for name, places in rows.items()
        },
    )
    content = assemble(molecules, tasks, kinds, found)
    return replace(content, standardize=schema.standardize)


def _names(parts: Parts) -> list[str]:
    return [part.task for part in parts.assays]


def _usable(parts: Parts, files: Sequence[Path], log: RowLog) -> NDArray[np.int64]:
    """Records whose structure can be used; those that go are recorded."""
    used = parts.used
    empty, bad = usable([parts.structures[i] for i in used])
    for place, file in enumerate(files):
        here = parts.files[used] == place
        log.add(Outcome.NO_STRUCTURE, file, parts.rows[used[empty & here]])
        texts = [parts.structures[i][:80] for i in used[bad & here]]
        log.add(Outcome.INVALID_STRUCTURE, file, parts.rows[used[bad & here]], "", texts)
    return used[~empty & ~bad]


def _standardized(
    parts: Parts,
    used: NDArray[np.int64],
    schema: PanelSchema,
    files: Sequence[Path],
    log: RowLog,
) -> list[str]:
    """All structures, those in use as the schema wants them; what changed is recorded."""
    if not schema.standardize:
        return parts.structures
    wanted = [parts.structures[i] for i in used]
    done, changes = standardized(wanted, schema)
    for place, file in enumerate(files):
        changed = [i for i in used[parts.files[used] == place] if parts.structures[i] in changes]
        details = [changes[parts.structures[i]] for i in changed]
        log.add(Outcome.STANDARDIZED, file, parts.rows[changed], "", details)
    structures = list(parts.structures)
    for i, text in zip(used.tolist(), done, strict=True):
        structures[i] = text
    return structures


def _molecules(
    parts: Parts, structures: list[str], used: NDArray[np.int64], whole: bool
) -> NDArray[np.int64]:
    """The molecule of each record, ``(R,)``; -1 of records that are not in use."""
    found = np.full(len(structures), -1, np.int64)
    if whole:
        found[used] = np.arange(len(used))
    elif parts.by == "row":
        found[used] = group_by_structure([structures[i] for i in used])
    else:
        keys = parts.keys or [""] * len(structures)
        place = number(key or text for key, text in zip(keys, structures, strict=True))
        found[used] = place[used]
    return found


def _measurements(parts: Parts, molecule: NDArray[np.int64]) -> Measurements:
    """The measured cells of all assays, in order."""
    held = [~np.isnan(part.reading.values) & (molecule[part.records] >= 0) for part in parts.assays]
    pairs = list(zip(parts.assays, held, strict=True))
    records = _joined([part.records[mask] for part, mask in pairs], np.int64)
    return Measurements(
        molecule[records],
        np.repeat(np.arange(len(held)), [int(mask.sum()) for mask in held]),
        _joined([part.reading.values[mask] for part, mask in pairs], np.float64),
        _joined([part.reading.bounds[mask] for part, mask in pairs], np.int8),
        parts.rows[records],
        parts.files[records],
    )


def _joined(arrays: list[NDArray[np.generic]], kind: type[np.generic]) -> NDArray:  # type: ignore[type-arg]
    return np.concatenate([*arrays, np.zeros(0, kind)])


def _large(
    found: Measurements,
    tasks: list[str],
    kinds: list[TaskKind],
    min_rows: int,
    files: Sequence[Path],
    log: RowLog,
) -> tuple[Measurements, list[str], list[TaskKind]]:
    """The assays of enough molecules.

    Raises
    ------
    InputError
        If there is none.
    """
    n_tasks = max(len(tasks), 1)
    cells = np.unique(found.molecule * n_tasks + found.task)
    sizes = np.bincount(cells % n_tasks, minlength=len(tasks))
    large = sizes >= min_rows if min_rows > 1 else np.ones(len(tasks), np.bool_)
    if not large.any() or not len(cells):
        raise InputError(
            f"no assay has {counted(min_rows, 'molecule')} with a value",
            file=files[0],
            hint=f"the largest has {sizes.max()}: ask for less with {setting('min_rows')}"
            if sizes.any()
            else "nothing is measured",
        )
    chosen = np.flatnonzero(large).tolist()
    if len(chosen) == len(tasks):
        return found, tasks, kinds
    few = len(tasks) - len(chosen)
    log.note(
        Topic.SIZES,
        f"{counted(few, 'assay has', 'assays have')} fewer than {min_rows:,} molecules",
    )
    for task in np.flatnonzero(~large).tolist():
        for place, file in enumerate(files):
            rows = found.rows[(found.task == task) & (found.files == place)]
            log.add(Outcome.SMALL_ASSAY, file, rows, tasks[task])
    found = found.take(large[found.task])
    found = replace(found, task=(np.cumsum(large) - 1)[found.task])
    return found, [tasks[i] for i in chosen], [kinds[i] for i in chosen]


def _first(molecule: NDArray[np.int64], used: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first record in use of each molecule, in order of their numbers."""
    return used[np.unique(molecule[used], return_index=True)[1]]


def _rows_of(
    parts: Parts,
    molecule: NDArray[np.int64],
    used: NDArray[np.int64],
    whole: bool,
    log: RowLog,
) -> dict[str, NDArray[np.int64]]:
    """Record to ask for each molecule, by the columns that can be asked."""
    first = _first(molecule, used)
    if whole:
        return dict.fromkeys(parts.columns, first)
    each = (
        (name, [*dict.fromkeys(held)], number(held))
        for name, held in ((n, [c[i] for i in used]) for n, c in parts.columns.items())
        if name != parts.identity
    )
    told = {name: used[places] for name, places in of_molecules(each, molecule[used], log).items()}
    if parts.identity is not None:
        told[parts.identity] = first
    return {name: told[name] for name in parts.columns if name in told}


def _known(
    structures: list[str], molecule: NDArray[np.int64], used: NDArray[np.int64]
) -> list[str]:
    """Structures where the first record of a molecule has that of the first that has any."""
    known: dict[int, str] = {}
    for i in used.tolist():
        if structures[i].strip():
            known.setdefault(int(molecule[i]), structures[i])
    return [known.get(int(m), "") for m in molecule]


def _report_copies(
    structures: list[str],
    used: NDArray[np.int64],
    found: Measurements,
    tasks: Sequence[str],
    kinds: Sequence[TaskKind],
    files: Sequence[Path],
    log: RowLog,
) -> None:
    """Say which rows are of one molecule, and where they contradict each other."""
    place = group_by_structure([structures[i] for i in used])
    duplicates = int((np.bincount(place) > 1).sum())
    if not duplicates:
        return
    merging = setting("merge")
    log.note(
        Topic.DUPLICATES,
        f"{counted(duplicates, 'molecule has', 'molecules have')} several rows: "
        f"{merging} makes one row of each",
    )
    trial = RowLog()
    merge(replace(found, molecule=place[found.molecule]), tasks, kinds, files, trial)
    for event in trial.events:
        if event.outcome is Outcome.CONTRADICTION:
            details = [text.replace("; of all:", f"; kept; {merging}:") for text in event.details]
            log.add(event.outcome, event.file, event.rows, event.column, details)


def task_list(tasks: Sequence[str]) -> str:
    """Names of assays, for a note."""
    return f"assays: {some(tasks)}"
