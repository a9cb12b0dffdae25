"""Tables for a model that knows its assays: these are read, by its kinds, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bioassay_mtl.errors import InputError, counted
from bioassay_mtl.panels.header import ASSAY_NAMES, find
from bioassay_mtl.panels.schema import NO_TASK, PanelSchema, TaskEntry
from bioassay_mtl.tables.cells import Cells
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.units import P_SCALE, p_name

if TYPE_CHECKING:
    import pyarrow as pa


def known_assays(tasks: Sequence[str], kinds: Sequence[TaskKind]) -> dict[str, TaskEntry]:
    """Assays that a model knows; pActivity values are also read as concentrations."""
    return {
        task: TaskEntry(
            kind=kind.kind,
            classes=getattr(kind, "classes", ()),
            to_p=getattr(kind, "unit", "") == P_SCALE or None,
        )
        for task, kind in zip(tasks, kinds, strict=True)
    }


def with_known(
    schema: PanelSchema,
    table: pa.Table,
    path: Path,
    layout: str,
    known: Mapping[str, TaskEntry],
) -> PanelSchema:
    """A schema whose assays are the known ones that a table holds.

    The schema of an assay goes first.

    Raises
    ------
    InputError
        The table holds none of them.
    """
    if layout == "pubchem":  # a file is an assay, by its name
        said = {**(schema.tasks or {}), **schema.also}
        return schema.changed(tasks=None, also=said, known=dict(known))
    if layout == "wide":
        where, found = "columns", in_header(table, known)
    else:
        column = find(table, schema.columns.assay, ASSAY_NAMES, path)
        if column is None:
            return schema  # which its reader refuses
        held = Cells(table.column(column)).occurring
        where, found = f"assays in column {column!r}", {t: t for t in held if t in known}
    said = {**(schema.tasks or {}), **schema.also}
    entries = {name: _with(known[task], said.get(name)) for name, task in found.items()}
    chosen = {name: entry for name, entry in entries.items() if entry.kind != NO_TASK}
    if not chosen:
        raise InputError(
            f"the table holds none of the model's {counted(len(known), 'assay')}, "
            f"such as {next(iter(known))!r}",
            file=path,
            hint=f"{where} need the model's names for them",
        )
    return schema.changed(tasks=chosen, also={})


def _with(known: TaskEntry, said: TaskEntry | None) -> TaskEntry:
    """Knowledge of an assay, with what somebody said instead."""
    changes = {} if said is None else said.model_dump(exclude_unset=True, exclude_none=True)
    return known.model_copy(update=changes)


def in_header(table: pa.Table, tasks: Iterable[str]) -> dict[str, str]:
    """Columns of a wide table that are assays: the assay of each.

    ``IC50 (nM)`` is ``pIC50`` where no column is called so.
    """
    names = table.column_names
    by_p_name = {p_name(name): name for name in reversed(names)}
    columns = {task: task if task in names else by_p_name.get(task) for task in tasks}
    return {column: task for task, column in columns.items() if column is not None}
