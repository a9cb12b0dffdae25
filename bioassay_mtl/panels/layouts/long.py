"""Long tables: one row a measurement, with columns of the molecule, the assay and the value."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import InputError, counted
from bioassay_mtl.panels.assembly import Molecules
from bioassay_mtl.panels.header import (
    ASSAY_NAMES,
    VALUE_NAMES,
    find,
    smiles_of,
    texts,
)
from bioassay_mtl.panels.long_value import value_source
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.reading import OUTCOMES, Reading, infer_kind, read_labels
from bioassay_mtl.panels.row_log import Outcome, RowLog
from bioassay_mtl.panels.schema import NO_TASK, PanelSchema
from bioassay_mtl.panels.source import Source
from bioassay_mtl.panels.structures import (
    keep_usable,
    log_changes,
    of_molecules,
    standardised,
)
from bioassay_mtl.panels.tall import Part, measurements, panel_of_measurements
from bioassay_mtl.tables.cells import Cells
from bioassay_mtl.tables.columns import ID_NAMES
from bioassay_mtl.tasks.units import MOLAR, P_SCALE

if TYPE_CHECKING:
    import pyarrow as pa


def is_long(table: pa.Table, path: Path) -> bool:
    """Whether the columns are those of a long table, and no further column holds 0 and 1 alone."""
    assay = find(table, None, ASSAY_NAMES, path)
    value = find(table, None, VALUE_NAMES, path)
    if assay is None or value is None or assay == value:
        return False
    others = (Cells(table.column(name)) for name in table.column_names if name != value)
    return not any(
        held and all(text.casefold() in OUTCOMES for text in held)
        for held in (cells.occurring for cells in others)
    )


def read_long(table: pa.Table, path: Path, schema: PanelSchema, log: RowLog) -> Panel:
    """A panel from a long table: one row for each different SMILES.

    Raises
    ------
    InputError
        Where a column is missing, no assay is large enough, or a cell is no label.
    """
    smiles = smiles_of(table, schema.columns.smiles, path)
    identity = find(table, schema.columns.id, ID_NAMES, path)
    assay = _needed(table, schema.columns.assay, ASSAY_NAMES, path, "assay")
    value = _needed(table, schema.columns.value, VALUE_NAMES, path, "value")
    source, parts_of_value = value_source(table, path, value, schema, log)
    structures = texts(table.column(smiles))
    assays = Cells(table.column(assay))
    chosen = _rows_to_read(source, assays, structures, schema)
    asked = np.flatnonzero(chosen)
    chosen[asked] = keep_usable([structures[row] for row in asked], asked, path, log)
    structures = _standardised(structures, chosen, schema, path, log)
    molecule = Cells(_column(structures)).codes
    readings = _read_assays(source, assays, chosen, schema)
    first = np.unique(molecule, return_index=True)[1]
    rows = np.flatnonzero(chosen)
    first[molecule[rows[::-1]]] = rows[::-1]  # what other rows say of a molecule is not asked
    ids = texts(table.column(identity)) if identity is not None else None
    others = [name for name in table.column_names if name not in {smiles, assay, *parts_of_value}]
    cells = ((name, Cells(table.column(name))) for name in others if name != identity)
    parts = ((name, held.texts, held.codes[rows]) for name, held in cells)
    rows_of = {} if identity is None else {identity: first}
    for name, places in of_molecules(parts, molecule[rows], log).items():
        rows_of[name] = first.copy()
        rows_of[name][molecule[rows[places]]] = rows[places]
    columns = {name: texts(table.column(name)) for name in others if name in rows_of}
    molecules = Molecules(
        [structures[i] for i in first],
        [str(n) for n in range(len(first))] if ids is None else [ids[i] for i in first],
        {name: [held[i] for i in rows_of[name]] for name, held in columns.items()},
    )
    return panel_of_measurements(
        measurements([Part(reading, molecule[own], own) for _, reading, own in readings]),
        molecules,
        [task for task, _, _ in readings],
        [reading.kind for _, reading, _ in readings],
        schema.min_rows,
        [path],
        log,
    )


def _needed(
    table: pa.Table, wanted: str | None, usual: tuple[str, ...], path: Path, role: str
) -> str:
    found = find(table, wanted, usual, path)
    if found is None:
        raise InputError(
            f"a long table needs a column of the {role}",
            file=path,
            hint=f"name it with --column {role}=NAME",
        )
    return found


def _rows_to_read(
    source: Source, assays: Cells, structures: list[str], schema: PanelSchema
) -> NDArray[np.bool_]:
    """Rows that may become a label, ``(n,) bool``; the others are logged."""
    log, path = source.log, source.file
    wanted = np.ones(len(assays.texts), np.bool_)
    if schema.tasks is not None:
        for name in schema.tasks:
            if name not in assays.texts:
                near = did_you_mean(name, assays.occurring)
                raise InputError(f"no assay {name!r} ({near})", file=path)
        wanted = np.array([text in schema.tasks for text in assays.texts])
    wanted &= np.array([schema.entry(text).kind != NO_TASK for text in assays.texts])
    asked = wanted[assays.codes]
    known = np.array([bool(text.strip()) for text in structures], np.bool_)
    empty = source.cells.missing
    for outcome, rows in (
        (Outcome.NOT_ASKED, ~asked),
        (Outcome.NO_ASSAY, asked & assays.missing),
        (Outcome.NO_VALUE, asked & ~assays.missing & empty),
        (Outcome.NO_STRUCTURE, asked & ~assays.missing & ~empty & ~known),
    ):
        log.add(outcome, path, np.flatnonzero(rows))
    left: NDArray[np.bool_] = asked & ~assays.missing & ~empty & known
    # What is too small already need not be read; what is left is counted by molecules later.
    small = np.bincount(assays.codes[left], minlength=len(assays.texts)) < schema.min_rows
    lost = np.flatnonzero(left & small[assays.codes])
    log.add(Outcome.SMALL_ASSAY, path, lost, "", [assays.text(row) for row in lost])
    if len(lost):
        number = len(np.unique(assays.codes[lost]))
        log.notes.append(
            f"{counted(number, 'assay has', 'assays have')} "
            f"fewer than {schema.min_rows:,} molecules"
        )
    return left & ~small[assays.codes]


def _standardised(
    structures: list[str],
    chosen: NDArray[np.bool_],
    schema: PanelSchema,
    path: Path,
    log: RowLog,
) -> list[str]:
    rows = np.flatnonzero(chosen)
    wanted = [structures[row] for row in rows]
    done, changes = standardised(wanted, schema)
    if changes:
        log_changes(wanted, changes, rows, path, log)
    if schema.standardise:
        structures = list(structures)
        for row, text in zip(rows, done, strict=True):
            structures[row] = text
    return structures


def _read_assays(
    source: Source, assays: Cells, chosen: NDArray[np.bool_], schema: PanelSchema
) -> list[tuple[str, Reading, NDArray[np.int64]]]:
    """Labels of every assay, in order of first appearance, with their rows."""
    rows = np.flatnonzero(chosen)
    rows = rows[np.argsort(assays.codes[rows], kind="stable")]
    groups = np.split(rows, np.flatnonzero(np.diff(assays.codes[rows])) + 1)
    cells = source.cells
    overall = infer_kind(source, cells.occurring)
    is_01 = cells.each([text.casefold() in OUTCOMES for text in cells.texts], np.bool_)
    # A concentration of 1 nM is no outcome.
    molar = np.array([unit in MOLAR or unit == P_SCALE for unit in source.unit_names])
    is_01 &= ~source.qualified & ~molar[source.unit_codes]
    readings = []
    for group in groups if len(rows) else ():
        task = assays.text(group[0])
        entry = schema.entry(task)
        kind = entry.kind or overall
        if entry.kind is None and overall != "binary":
            if overall in ("regression", "censored"):
                kind = "binary" if is_01[group].all() else overall
            else:
                kind = infer_kind(source, [cells.texts[c] for c in np.unique(cells.codes[group])])
        if kind is None:
            raise InputError(
                f"values of {task!r} are neither numbers nor a few texts, such as "
                f"{cells.text(group[0])[:80]!r}",
                file=source.file,
                column=source.name,
                hint="name the column of the values with --column value=NAME",
            )
        to_p = schema.to_p if entry.to_p is None else entry.to_p
        entry = entry.model_copy(update={"kind": kind, "to_p": to_p})
        readings.append((task, read_labels(source, task, entry, group, kind), group))
    return readings


def _column(values: list[str]) -> pa.ChunkedArray:
    import pyarrow as pa

    return pa.chunked_array([pa.array(values, pa.string())])
