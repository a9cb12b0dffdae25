"""Activities of ChEMBL: the web page's download, and tables of its client.

A task for each target and type of measurement. The value is the standard one with its relation and
unit; where the table has pChEMBL values, it is those, and where they are empty (as with every
relation but ``=``) the standard value on the same scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bioassay_mtl.panels.header import find
from bioassay_mtl.panels.known_layouts import layouts
from bioassay_mtl.panels.layouts.long import read_measurements
from bioassay_mtl.panels.parts import Layout, Parts
from bioassay_mtl.panels.row_log import RowLog
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.panels.told_apart import (
    asked_columns,
    is_few,
    plain_names,
    tells_apart,
    tells_more,
)
from bioassay_mtl.tables.cells import Cells
from bioassay_mtl.tables.columns import plain

if TYPE_CHECKING:
    import pyarrow as pa

_P_VALUES, _VALUES = ("pchemblvalue", "pchembl"), ("standardvalue",)
_TYPES, _RELATIONS, _UNITS = ("standardtype", "type"), ("standardrelation",), ("standardunits",)
_TARGETS = ("targetchemblid", "targetprefname", "targetname", "target")
_ASSAYS = ("assaychemblid",)
_OWN = ("assay", "target", "cellchembl")  # of ChEMBL: more of the assay, which splits no target


def is_chembl(table: pa.Table, path: Path, schema: PanelSchema) -> bool:
    """Whether the columns are those of ChEMBL's activities."""
    names = plain_names(table)
    value = "standardvalue" in names or "pchemblvalue" in names
    return value and bool(names & {"standardtype", *_TARGETS[:2], *_ASSAYS})


def read_chembl(
    tables: Sequence[pa.Table], paths: Sequence[Path], schema: PanelSchema, log: RowLog
) -> Parts:
    """One row for each different SMILES, one task for each target and type.

    Raises
    ------
    InputError
        If a column is missing, or cells are no labels.
    """
    table, path = tables[0], paths[0]
    roles = schema.columns
    # A pChEMBL column that is empty throughout holds no values.
    p_value = _first(table, _P_VALUES, path)
    standard = find(table, None, _VALUES, path)
    value = find(table, roles.value, (), path) or p_value or standard or ""
    if standard is not None and value in (standard, p_value):
        found = {
            "qualifier": roles.qualifier or find(table, None, _RELATIONS, path),
            "unit": roles.unit or (find(table, None, _UNITS, path) if value == standard else None),
        }
        schema = schema.model_copy(update={"columns": roles.model_copy(update=found)})
    by, type_last = _by(table, path, schema, value)
    origin = None
    if standard is not None and value == p_value:
        origin = standard, find(table, None, _UNITS, path)
    return read_measurements(
        table, path, schema, log, by, value, type_last=type_last, origin=origin,
        complete=_is_export(table),
    )  # fmt: skip


def _is_export(table: pa.Table) -> bool:
    """Whether the table is of ChEMBL itself, of whose columns each is known."""
    return bool(plain_names(table) & {"assaychemblid", "documentchemblid"})


def _by(table: pa.Table, path: Path, schema: PanelSchema, value: str) -> tuple[list[str], bool]:
    """The columns that name assays, and whether the last is the type of measurement."""
    kind = _first(table, _TYPES, path)
    if schema.columns.assay is not None:
        asked = asked_columns(table, schema.columns.assay, path)
        return asked, asked[-1] == kind
    target = _first(table, _TARGETS, path)
    found = [] if target is None else [target]
    for name in table.column_names:
        own = _is_export(table) and plain(name).startswith(_OWN)
        if name in (*found, value, kind) or own or not tells_apart(name):
            continue
        if is_few(table, name) and tells_more(table, found, name):
            found.append(name)
    found += [] if kind is None else [kind]
    return found or [find(table, None, _ASSAYS, path) or ""], kind is not None


def _first(table: pa.Table, usual: Sequence[str], path: Path) -> str | None:
    """The first column of these that holds anything."""
    names = (find(table, None, (name,), path) for name in usual)
    return next((n for n in names if n is not None and Cells(table.column(n)).occurring), None)


layouts.register("chembl")(Layout(is_chembl, read_chembl, rank=3))
