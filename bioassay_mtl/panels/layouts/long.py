"""Long tables: one row a measurement, with columns of the molecule, the assay and the value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.config import did_you_mean
from bioassay_mtl.errors import InputError, counted
from bioassay_mtl.panels.columns import molecule_columns, record_rest
from bioassay_mtl.panels.decisions import ColumnDecision, Role
from bioassay_mtl.panels.header import ASSAY_NAMES, VALUE_NAMES, find, texts
from bioassay_mtl.panels.known_layouts import layouts
from bioassay_mtl.panels.long_value import value_of
from bioassay_mtl.panels.outcomes import plain_outcome
from bioassay_mtl.panels.parts import Layout, Part, Parts
from bioassay_mtl.panels.reading import Reading, infer_kind, read_labels
from bioassay_mtl.panels.row_log import Outcome, RowLog, Topic
from bioassay_mtl.panels.schema import NO_TASK, PanelSchema
from bioassay_mtl.panels.source import Source
from bioassay_mtl.panels.told_apart import (
    ask_before_merging,
    asked_columns,
    assay_columns,
    type_column,
)
from bioassay_mtl.tables.cells import Cells
from bioassay_mtl.tasks.units import MOLAR, P_SCALE, p_name, says_p_scale
from bioassay_mtl.wording import setting

if TYPE_CHECKING:
    import pyarrow as pa


def is_long(table: pa.Table, path: Path, schema: PanelSchema) -> bool:
    """Whether the columns are those of a long table, and no further column holds 0 and 1 alone."""
    if schema.columns.assay is not None or schema.columns.value is not None:
        return True
    value = find(table, None, VALUE_NAMES, path)
    if value is None or not assay_columns(table, path, value):
        return False
    others = (Cells(table.column(name)) for name in table.column_names if name != value)
    return not any(
        _is_measured(cells) and all(plain_outcome(cells, code) is not None for code in codes)
        for cells, codes in ((cells, _held(cells)) for cells in others)
        if codes
    )


def _held(cells: Cells) -> list[int]:
    found = {text: code for code, text in enumerate(cells.texts)}
    return [found[text] for text in cells.occurring]


def _is_measured(cells: Cells) -> bool:
    """Whether outcomes differ: a constant is none."""
    return len(set(cells.occurring)) > 1


@dataclass(eq=False)
class Assays:
    """Assay of each row of a table.

    Parameters
    ----------
    names
        Assays; an empty one is none.
    codes
        ``(n,) int64``: the position of each row's in `names`.
    types
        Type of measurement by the name of the assay, where the name ends in one (``EGFR IC50``).
    """

    names: list[str]
    codes: NDArray[np.int64]
    types: list[str]

    @property
    def missing(self) -> NDArray[np.bool_]:
        """``(n,)``: rows of no assay."""
        return np.array([not name for name in self.names], np.bool_)[self.codes]

    def name(self, code: int, unit: str) -> str:
        """A name, with ``pIC50`` in place of ``IC50`` where values are pActivity."""
        name, kind = self.names[code], self.types[code]
        if unit != P_SCALE or not kind or says_p_scale(kind):
            return name
        return name.removesuffix(kind) + p_name(kind)


def assays_of(columns: Sequence[Cells], type_last: bool) -> Assays:
    """Assays by one column or several, such as target and type of measurement."""
    codes = np.zeros(len(columns[0]), np.int64)
    for cells in columns:
        codes = codes * len(cells.texts) + cells.codes
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    parts = [[_name(cells, row) for cells in columns] for row in first[order].tolist()]
    names = [" ".join(filter(None, part)) if part[-1] or len(part) == 1 else "" for part in parts]
    return Assays(names, place[codes], [part[-1] if type_last else "" for part in parts])


def _name(cells: Cells, row: int) -> str:
    return "" if cells.missing[row] or cells.text(row) == "None" else cells.text(row)


def read_long(
    tables: Sequence[pa.Table], paths: Sequence[Path], schema: PanelSchema, log: RowLog
) -> Parts:
    """One row for each different SMILES.

    Raises
    ------
    InputError
        If a column is missing, or cells are no labels.
    """
    table, path = tables[0], paths[0]
    value = _needed(table, schema.columns.value, VALUE_NAMES, path, "value")
    if schema.columns.assay is not None:
        by = asked_columns(table, schema.columns.assay, path)
    else:
        by = assay_columns(table, path, value)
        by = by or [_needed(table, None, ASSAY_NAMES, path, "assay")]
    type_last = by[-1] == type_column(table, path)
    return read_measurements(table, path, schema, log, by, value, type_last=type_last)


def read_measurements(
    table: pa.Table,
    path: Path,
    schema: PanelSchema,
    log: RowLog,
    by: Sequence[str],
    value: str,
    *,
    type_last: bool,
    origin: tuple[str, str | None] | None = None,
    complete: bool = False,
) -> Parts:
    """A row a measurement: the assay by some columns, the value in one.

    Nothing else tells assays apart where `complete`.
    """
    smiles, identity = molecule_columns(table, path, schema, log)
    source, about, filled = value_of(table, path, value, schema, log, origin)
    schema = schema.model_copy(update={"to_p": True}) if filled else schema
    assays = assays_of([Cells(table.column(name)) for name in by], type_last)
    structures = texts(table.column(smiles))
    chosen = _rows_to_read(source, assays, structures, schema, table.column_names)
    if schema.columns.assay is None and not complete:
        taken = {smiles, *by, *about, *([] if identity is None else [identity])}
        ask_before_merging(table, path, by, chosen, structures, taken)
    found = _read_assays(source, assays, chosen, schema)
    for name in by:
        log.columns.append(ColumnDecision(name, Role.NAMES, "", "names the assays"))
    kinds = ", ".join(sorted({part.reading.kind.kind for part in found}))
    for name, (role, reason) in about.items():
        kind = kinds if role is Role.VALUE else ""
        log.columns.append(ColumnDecision(name, role, kind, reason))
    record_rest(table, log)
    used = {smiles, *by, *about}
    return Parts(
        structures,
        found,
        {name: texts(table.column(name)) for name in table.column_names if name not in used},
        None if identity is None else texts(table.column(identity)),
        identity,
    )


def _needed(
    table: pa.Table, wanted: str | None, usual: Sequence[str], path: Path, role: str
) -> str:
    found = find(table, wanted, usual, path)
    if found is None:
        raise InputError(
            f"a long table needs a column of the {role}",
            file=path,
            hint=f"name it with {setting('columns', 'NAME', key=role)}",
        )
    return found


def _rows_to_read(
    source: Source,
    assays: Assays,
    structures: list[str],
    schema: PanelSchema,
    columns: Sequence[str],
) -> NDArray[np.bool_]:
    """Rows that may become a label, ``(n,) bool``; the others are logged."""
    log, path = source.log, source.file
    each = [{name, assays.name(code, P_SCALE)} for code, name in enumerate(assays.names)]
    known = set().union(*each)
    for name in (*(schema.tasks or ()), *schema.also):
        # A column that is no assay may be left out by name, as in a wide table.
        is_column = name in columns and schema.entry(name).kind == NO_TASK
        if name not in known and not is_column:
            near = did_you_mean(name, sorted(known - {""}))
            raise InputError(f"no assay {name!r} ({near})", file=path)
    wanted = np.array(
        [
            (schema.tasks is None or bool(names & {*schema.tasks}))
            and all(schema.entry(name).kind != NO_TASK for name in names)
            for names in each
        ],
        np.bool_,
    )
    asked = wanted[assays.codes]
    known_molecule = np.array([bool(text.strip()) for text in structures], np.bool_)
    empty, missing = source.cells.missing, assays.missing
    for outcome, rows in (
        (Outcome.NOT_ASKED, ~asked),
        (Outcome.NO_ASSAY, asked & missing),
        (Outcome.NO_VALUE, asked & ~missing & empty),
        (Outcome.NO_STRUCTURE, asked & ~missing & ~empty & ~known_molecule),
    ):
        log.add(outcome, path, np.flatnonzero(rows))
    left: NDArray[np.bool_] = asked & ~missing & ~empty & known_molecule
    # What is too small already need not be read; what is left is counted by molecules later.
    small = np.bincount(assays.codes[left], minlength=len(assays.names)) < schema.min_rows
    lost = np.flatnonzero(left & small[assays.codes])
    log.add(Outcome.SMALL_ASSAY, path, lost, "", [assays.names[assays.codes[i]] for i in lost])
    if len(lost):
        number = len(np.unique(assays.codes[lost]))
        log.note(
            Topic.SIZES,
            f"{counted(number, 'assay has', 'assays have')} "
            f"fewer than {schema.min_rows:,} molecules",
        )
    return left & ~small[assays.codes]


def _read_assays(
    source: Source, assays: Assays, chosen: NDArray[np.bool_], schema: PanelSchema
) -> list[Part]:
    """Labels of every assay, in order of first appearance, with their rows."""
    rows = np.flatnonzero(chosen)
    rows = rows[np.argsort(assays.codes[rows], kind="stable")]
    groups = np.split(rows, np.flatnonzero(np.diff(assays.codes[rows])) + 1)
    overall = infer_kind(source)
    is_01 = _outcome_rows(source)
    found: dict[str, Part] = {}
    for group in groups if len(rows) else ():
        code = int(assays.codes[group[0]])
        task = next(
            (n for n in (assays.names[code], assays.name(code, P_SCALE)) if _known(schema, n)),
            assays.names[code],
        )
        reading = _read_assay(source, task, group, overall, bool(is_01[group].all()), schema)
        name = assays.name(code, getattr(reading.kind, "unit", ""))
        found[name if name not in found else task] = Part(name, reading, group)
    return list(found.values())


def _known(schema: PanelSchema, task: str) -> bool:
    return task in schema.also or task in (schema.tasks or ())


def _outcome_rows(source: Source) -> NDArray[np.bool_]:
    """``(n,)``: rows that hold 0 or 1; a concentration of 1 nM is no outcome."""
    cells = source.cells
    held = [plain_outcome(cells, code) is not None for code in range(len(cells.texts))]
    molar = np.array([unit in MOLAR or unit == P_SCALE for unit in source.unit_names])
    is_01 = cells.each(held, np.bool_)
    found: NDArray[np.bool_] = is_01 & ~source.qualified & ~molar[source.unit_codes]
    return found


def _read_assay(
    source: Source,
    task: str,
    rows: NDArray[np.int64],
    overall: str | None,
    is_01: bool,
    schema: PanelSchema,
) -> Reading:
    """Labels of one assay; of a table of numbers each is numbers, but for outcomes alone."""
    entry = schema.entry(task)
    kind = entry.kind or overall
    if entry.kind is None and overall != "binary":
        if overall in ("regression", "censored"):
            kind = "binary" if is_01 else overall
        else:
            kind = infer_kind(source, rows)
    if kind is None:
        raise InputError(
            f"values of {task!r} are neither numbers nor a few texts, such as "
            f"{source.cells.text(rows[0])[:80]!r}",
            file=source.file,
            column=source.name,
            hint=f"name the column of the values with {setting('columns', 'NAME', key='value')}",
        )
    to_p = schema.to_p if entry.to_p is None else entry.to_p
    entry = entry.model_copy(update={"kind": kind, "to_p": to_p})
    return read_labels(source, task, entry, rows, kind)


layouts.register("long")(Layout(is_long, read_long, rank=1))
