"""Wide tables: one row a molecule, one column an assay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError, counted
from bioassay_mtl.panels.assembly import Molecules, assemble, merge
from bioassay_mtl.panels.choice import beside_assays, choose_assays
from bioassay_mtl.panels.duplicates import group_by_structure, number
from bioassay_mtl.panels.header import find, smiles_of, texts
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.reading import Reading, read_labels
from bioassay_mtl.panels.row_log import Outcome, RowLog
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.panels.source import Source
from bioassay_mtl.panels.structures import grouped, keep_usable, of_molecules
from bioassay_mtl.panels.tall import Part, large_assays, measurements
from bioassay_mtl.tables.columns import ID_NAMES
from bioassay_mtl.tasks.units import p_name

if TYPE_CHECKING:
    import pyarrow as pa


def read_wide(table: pa.Table, path: Path, schema: PanelSchema, log: RowLog) -> Panel:
    """A panel from a wide table.

    Raises
    ------
    InputError
        Where a column is missing, there is no assay, or a cell is no label.
    """
    smiles = smiles_of(table, schema.columns.smiles, path)
    identity = find(table, schema.columns.id, (*ID_NAMES, "row"), path)
    taken = beside_assays(table, schema, path)
    chosen = choose_assays(table, path, schema, {smiles, identity, *taken}, log)
    readings = _readings(chosen, schema, {*table.column_names})
    used = {*chosen, *(other for other, name in taken.items() if name in chosen)}
    molecules = Molecules(
        texts(table.column(smiles)),
        [str(row) for row in range(table.num_rows)]
        if identity is None
        else texts(table.column(identity)),
        {n: texts(table.column(n)) for n in table.column_names if n not in used and n != smiles},
    )
    tasks, kinds = list(readings), [reading.kind for reading in readings.values()]
    rows = np.flatnonzero(keep_usable(molecules.structures, np.arange(len(molecules)), path, log))
    if len(rows) < len(molecules):
        molecules = molecules.take(rows)
        readings = {
            task: reading._replace(values=reading.values[rows], bounds=reading.bounds[rows])
            for task, reading in readings.items()
        }
    if not len(rows):
        raise InputError("no row has a SMILES that can be used", file=path)
    place, first, molecules = grouped(molecules, schema, rows, path, log)
    if schema.merge:
        found = measurements([Part(reading, place, rows) for reading in readings.values()])
        found = merge(found, tasks, kinds, [path], log)
        columns = molecules.columns
        parts = ((n, [*dict.fromkeys(c)], number(c)) for n, c in columns.items() if n != identity)
        rows_of = of_molecules(parts, place, log)
        if identity is not None:
            rows_of[identity] = first
        columns = {n: [c[i] for i in rows_of[n]] for n, c in columns.items() if n in rows_of}
        molecules = replace(molecules.take(first), columns=columns)
        panel = assemble(molecules, tasks, kinds, found)
        return _large_assays(panel, rows[first], schema.min_rows, path, log)
    if not log.strict:
        _report_copies(molecules, readings, rows, path, log)
    each = np.arange(len(rows))
    found = measurements([Part(reading, each, rows) for reading in readings.values()])
    panel = assemble(molecules, tasks, kinds, found)
    return _large_assays(panel, rows, schema.min_rows, path, log)


def _large_assays(
    panel: Panel, rows: NDArray[np.int64], min_rows: int, path: Path, log: RowLog
) -> Panel:
    """The assays of enough molecules; where one is enough, all."""
    if min_rows == 1:
        return panel
    large = large_assays(panel.cells.counts, min_rows, path)
    small = np.flatnonzero(~large).tolist()
    if not small:
        return panel
    log.notes.append(
        f"{counted(len(small), 'assay has', 'assays have')} fewer than {min_rows:,} molecules"
    )
    for place in small:
        log.add(
            Outcome.SMALL_ASSAY, path, rows[panel.cells.of_task(place).rows], panel.tasks[place]
        )
    return panel.select_tasks([panel.tasks[place] for place in np.flatnonzero(large)])


def _report_copies(
    molecules: Molecules,
    readings: dict[str, Reading],
    rows: NDArray[np.int64],
    path: Path,
    log: RowLog,
) -> None:
    """Say which rows are of one molecule, and where they contradict each other."""
    place = group_by_structure(molecules.structures)
    copies = int((np.bincount(place) > 1).sum())
    if not copies:
        return
    log.notes.append(
        f"{counted(copies, 'molecule has', 'molecules have')} several rows: "
        "--merge makes one row of each"
    )
    found = measurements([Part(reading, place, rows) for reading in readings.values()])
    trial = RowLog()
    merge(found, list(readings), [reading.kind for reading in readings.values()], [path], trial)
    for event in trial.events:
        if event.outcome is Outcome.CONTRADICTION:
            details = [text.replace("; of all:", "; kept; --merge:") for text in event.details]
            log.add(event.outcome, path, event.rows, event.column, details)


def _readings(
    chosen: dict[str, tuple[Source, str]], schema: PanelSchema, columns: set[str]
) -> dict[str, Reading]:
    """Labels of each assay; those that were put on the p-scale are called so."""
    readings: dict[str, Reading] = {}
    for name, (source, kind) in chosen.items():
        entry = schema.entry(name)
        to_p = schema.to_p if entry.to_p is None else entry.to_p
        entry = entry.model_copy(update={"kind": kind, "to_p": to_p})
        reading = read_labels(source, name, entry, np.arange(len(source.cells)), kind)
        task = p_name(name) if reading.converted else name
        readings[name if task in columns or task in readings else task] = reading
    return readings
