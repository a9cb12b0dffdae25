"""A column for each type of measurement, and one that names the target: as of BindingDB.

A task for each target and column: ``EGFR IC50``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.beside import Companions
from bioassay_mtl.panels.choice import choose_assays
from bioassay_mtl.panels.columns import molecule_columns, record_rest
from bioassay_mtl.panels.decisions import ColumnDecision, Role
from bioassay_mtl.panels.header import TARGET_NAMES, find, require, texts
from bioassay_mtl.panels.known_layouts import layouts
from bioassay_mtl.panels.layouts.long import is_long
from bioassay_mtl.panels.layouts.wide import labels_of
from bioassay_mtl.panels.names import what_name_says
from bioassay_mtl.panels.parts import ROLES, Layout, Part, Parts
from bioassay_mtl.panels.reading import infer_kind
from bioassay_mtl.panels.row_log import Outcome, RowLog
from bioassay_mtl.panels.schema import NO_TASK, PanelSchema, TaskEntry
from bioassay_mtl.panels.source import Source
from bioassay_mtl.panels.told_apart import (
    ask_before_merging,
    asked_columns,
    is_few,
    tells_apart,
    tells_more,
)
from bioassay_mtl.tables.cells import Cells
from bioassay_mtl.tables.columns import plain
from bioassay_mtl.tasks.units import P_SCALE, p_name, unit_in_name

if TYPE_CHECKING:
    import pyarrow as pa

_ANY_VALUE = ("value", "standardvalue", "activityvalue", "measurement", "result", "wert", "valeur")
_BINDING = ("Ki (nM)", "IC50 (nM)", "Kd (nM)", "EC50 (nM)", "kon (M-1-s-1)", "koff (s-1)")


def is_bindingdb(table: pa.Table, path: Path, schema: PanelSchema) -> bool:
    """Whether the columns are those of BindingDB."""
    names = set(table.column_names)
    return bool(names & {*_BINDING}) and "Target Name" in names and "Ligand SMILES" in names


def has_targets(table: pa.Table, path: Path, schema: PanelSchema) -> bool:
    """Whether one column names several targets, and others are of a measured type."""
    if schema.columns.value is not None:
        return False  # a long table's
    names = _targets(table, path, schema)
    usual = {*TARGET_NAMES} & {plain(name) for name in names}
    if not names or (not usual and is_long(table, path, schema)):
        return False
    measured = [
        other
        for other in table.column_names
        if other not in names
        and what_name_says(other).measured
        and Cells(table.column(other)).occurring
    ]
    if any(plain(unit_in_name(other)[0]) in _ANY_VALUE for other in measured):
        return False  # a long table
    return len(measured) > 1 or (len(measured) == 1 and not is_long(table, path, schema))


def _targets(table: pa.Table, path: Path, schema: PanelSchema) -> list[str]:
    """The columns that name targets, each of which tells more than those before."""
    if schema.columns.assay is not None:
        return asked_columns(table, schema.columns.assay, path)
    usual = find(table, None, TARGET_NAMES, path)
    if is_bindingdb(table, path, schema):
        return [usual or ""]
    found: list[str] = []
    for name in [usual, *(name for name in table.column_names if tells_apart(name))]:
        if name is not None and name not in found and _several(table, name):
            found += [name] if tells_more(table, found, name) else []
    return found


def _joined(table: pa.Table, names: Sequence[str]) -> Cells:
    """Join of what several columns say."""
    import pyarrow as pa

    if len(names) == 1:
        return Cells(table.column(names[0]))
    held = [Cells(table.column(name)) for name in names]
    together = [
        " ".join(cells.text(row) for cells in held if not cells.missing[row])
        for row in range(len(table))
    ]
    return Cells(pa.chunked_array([pa.array(together, pa.string())]))


def _several(table: pa.Table, name: str) -> bool:
    return is_few(table, name) and bool(np.isnan(Cells(table.column(name)).values).any())


def read_by_target(
    tables: Sequence[pa.Table], paths: Sequence[Path], schema: PanelSchema, log: RowLog
) -> Parts:
    """One row for each different SMILES, one task for each target and type.

    Raises
    ------
    InputError
        If a column is missing, or cells are no labels.
    """
    table, path = tables[0], paths[0]
    smiles, identity = molecule_columns(table, path, schema, log)
    named = _targets(table, path, schema)
    for target in named:
        log.columns.append(ColumnDecision(target, Role.NAMES, "", "names the targets"))
    companions = Companions(table, path, schema, (smiles, identity, *named))
    columns = {name: entry for name, entry in schema.also.items() if name in table.column_names}
    # Names of tasks are those of targets and columns together: only columns are looked for here.
    asked = {**columns, **(_known(table) if is_bindingdb(table, path, schema) else {})}
    value = schema.columns.value
    if value is not None:
        require(table, value, path)
    only = None if value is None else {value: schema.entry(value)}
    chooser = schema.model_copy(update={"tasks": only, "also": asked if only is None else {}})
    chosen = choose_assays(table, path, chooser, companions, (smiles, identity, *named), log)
    record_rest(table, log, companions)
    found, offered = _assays(chosen, _joined(table, named), schema)
    _check_names(found, offered, {*table.column_names}, schema, path)
    used = {smiles, *named, *chosen, *companions.columns}
    if schema.columns.assay is None and not is_bindingdb(table, path, schema):
        taken = {*used, *([] if identity is None else [identity])}
        for source, _ in chosen.values():
            rows = ~source.cells.missing
            ask_before_merging(table, path, named, rows, texts(table.column(smiles)), taken)
    return Parts(
        texts(table.column(smiles)),
        found,
        {name: texts(table.column(name)) for name in table.column_names if name not in used},
        None if identity is None else texts(table.column(identity)),
        identity,
    )


def _known(table: pa.Table) -> dict[str, TaskEntry]:
    """The columns of measurements of BindingDB that hold any."""
    return {
        name: TaskEntry()
        for name in _BINDING
        if name in table.column_names and Cells(table.column(name)).occurring
    }


def _assays(
    chosen: dict[str, tuple[Source, str]], targets: Cells, schema: PanelSchema
) -> tuple[list[Part], set[str]]:
    """The assays that are asked for, and the names of all that are measured."""
    found, offered = [], set[str]()
    for column, (source, kind) in chosen.items():
        of_none = np.flatnonzero(~source.cells.missing & targets.missing)
        source.log.add(Outcome.NO_ASSAY, source.file, of_none, column)
        measured = ~source.cells.missing & ~targets.missing
        for code in dict.fromkeys(targets.codes[measured].tolist()):
            rows = np.flatnonzero(measured & (targets.codes == code))
            target = f"{targets.texts[code]} "
            offered.update(_names(target, column))
            part = _assay(source, target, column, kind, rows, schema)
            if part is not None:
                found.append(part)
    return found, offered


def _names(target: str, column: str) -> tuple[str, str, str]:
    """Names by which a user may call an assay."""
    return target + unit_in_name(column, loose=True)[0], target + p_name(column), target + column


def _check_names(
    found: Sequence[Part], offered: set[str], columns: set[str], schema: PanelSchema, path: Path
) -> None:
    """Raise an InputError where an assay that was asked for, or to be left out, is not there."""
    tasks = [part.task for part in found]
    known = {*tasks, *offered, *columns, *(task.replace(" p", " ", 1) for task in tasks)}
    for name in (*(schema.tasks or ()), *schema.also):
        if name not in known:
            raise InputError(f"no assay {name!r} ({did_you_mean(name, tasks)})", file=path)


def _assay(
    source: Source,
    target: str,
    column: str,
    kind: str,
    rows: NDArray[np.int64],
    schema: PanelSchema,
) -> Part | None:
    """The assay of one target, if it is asked for."""
    names = _names(target, column)
    plain = names[0]
    known = next((n for n in names if n in schema.also or n in (schema.tasks or ())), None)
    entry = schema.entry(known) if known is not None else schema.entry(column)
    if entry.kind == NO_TASK or (schema.tasks is not None and known is None):
        return None
    own = schema.model_copy(update={"also": {known or plain: entry}, "tasks": None})
    kind = entry.kind or (infer_kind(source, rows) or kind if kind == "multiclass" else kind)
    reading = labels_of(source, known or plain, kind, own, rows)
    on_p = reading.converted and getattr(reading.kind, "unit", "") == P_SCALE
    return Part(target + p_name(column) if on_p else plain, reading, rows)


layouts.register("bindingdb")(Layout(is_bindingdb, read_by_target, rank=3, heeds=ROLES))
layouts.register("targets")(Layout(has_targets, read_by_target, rank=2, heeds=ROLES))
