"""The value column of a long table, and whose qualifiers stand beside it.

If a pActivity stands beside the concentration that it was computed from, as in exports of ChEMBL,
the qualifiers are the concentration's, and turn round: ``> 10000 nM`` is ``< 5``. The data must
agree: values above a tested concentration are the weak ones, so that the median p-value of rows
with ``>`` must be below that of the exact rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.beside import Beside, Companions
from bioassay_mtl.panels.decisions import Role
from bioassay_mtl.panels.header import QUALIFIER_NAMES, UNIT_NAMES, VALUE_NAMES, find
from bioassay_mtl.panels.label_cells import label_cells, say_aside
from bioassay_mtl.panels.row_log import RowLog, Topic
from bioassay_mtl.panels.schema import PanelSchema, Roles
from bioassay_mtl.panels.source import Source
from bioassay_mtl.tables.cells import Cells, bound_of, cells_of
from bioassay_mtl.tables.columns import plain
from bioassay_mtl.tasks.units import MOLAR, P_SCALE, concentration_unit, to_p_scale, unit_in_name

if TYPE_CHECKING:
    import pyarrow as pa

_AGREES = 0.011  # p-values are often rounded to two decimals
_MOST = 0.9  # of the rows must agree


class Value(NamedTuple):
    """The values of a long table, the columns that are about them, and whether to convert them."""

    source: Source
    columns: dict[str, tuple[Role, str]]
    filled: bool


def value_of(
    table: pa.Table,
    path: Path,
    value: str,
    schema: PanelSchema,
    log: RowLog,
    origin: tuple[str, str | None] | None = None,
) -> Value:
    """The values with their qualifiers and units.

    A pActivity beside the concentrations that it was computed from takes the values that it lacks
    from those: exports leave it empty where a qualifier is. `origin` are the columns of those and
    of their units, where they are known.

    Raises
    ------
    InputError
        If a column is not there, or the data contradict the qualifiers.
    """
    roles = schema.columns
    companions = Companions(table, path, schema.model_copy(update={"columns": Roles()}))
    beside = companions.by_name.get(value, Beside())
    qualifier = find(table, roles.qualifier, QUALIFIER_NAMES, path) or beside.qualifier
    unit = find(table, roles.unit, UNIT_NAMES, path) or beside.unit
    source = Source(path, value, label_cells(table, value, schema), log)
    is_p = source.unit_names[0] == P_SCALE
    if qualifier is not None:
        source.qualifiers = Cells(table.column(qualifier))
    if unit is not None and (not is_p or roles.unit is not None):
        source.units = Cells(table.column(unit))
    source = Source(path, value, source.cells, log, source.qualifiers, source.units, loose=True)
    unit_of_origin = unit if origin is None else origin[1]
    computed_of = _origin(table, source, unit, schema) if is_p and origin is None else None
    if is_p and origin is not None:
        computed_of = origin[0]
    if schema.qualifier_of == "concentration":
        source.turned = True
    elif schema.qualifier_of is None and computed_of is not None and source.qualifiers is not None:
        _check_direction(source)
        source.turned = True
        log.note(
            Topic.QUALIFIERS,
            f"qualifiers are those of {computed_of!r}, of which {value!r} is the pActivity: "
            "> becomes <",
        )
    columns = {value: (Role.VALUE, "values of the assays")}
    for name, role in ((qualifier, Role.QUALIFIER), (unit_of_origin, Role.UNIT)):
        if name is not None:
            columns[name] = role, f"of {value!r}"
    filled = (
        None if computed_of is None else _filled(table, source, computed_of, unit_of_origin, schema)
    )
    if computed_of is not None:
        more = "; used where it is empty" if filled is not None else ""
        columns[computed_of] = Role.OTHER, f"{value!r} was computed of it{more}"
    say_aside(filled or source, log)
    spelled, read = (filled or source).spelled_unit
    if spelled:
        log.note(Topic.UNITS, f"the unit of {spelled!r} is read as {read}")
    return Value(filled or source, columns, filled is not None)


def _filled(
    table: pa.Table, source: Source, origin: str, unit: str | None, schema: PanelSchema
) -> Source | None:
    """pActivity, and where that is empty the concentrations with their units; None if it is not.

    The qualifiers of a concentration turn round when it is converted, those beside a p-value here.
    """
    import pyarrow as pa

    own = cells_of(table, origin)
    empty = source.cells.missing & ~own.missing
    if not empty.any():
        return None
    in_name = unit_in_name(origin)[1]
    units = None if unit is None or in_name else Cells(table.column(unit))
    texts, names = [], []
    for row, gap in enumerate(empty.tolist()):
        texts.append(own.text(row) if gap else source.cells.text(row))
        names.append((in_name or (units.text(row) if units else "")) if gap else P_SCALE)
    columns = [Cells(pa.chunked_array([pa.array(held, pa.string())])) for held in (texts, names)]
    turned = ~empty if isinstance(source.turned, bool) and source.turned else source.turned
    return Source(
        source.file, source.name, columns[0], source.log, source.qualifiers, columns[1], turned,
        loose=True,
    )  # fmt: skip


def _origin(table: pa.Table, source: Source, unit: str | None, schema: PanelSchema) -> str | None:
    """The column of concentrations from which a pActivity was computed, if its values say so."""
    units = None if unit is None else Cells(table.column(unit))
    for name in table.column_names:
        own = unit_in_name(name)[1]
        if own not in MOLAR and (units is None or plain(name) not in VALUE_NAMES):
            continue
        if name == source.name:
            continue
        cells = label_cells(table, name, schema)
        p_values = _p_values(cells, own, units)
        both = ~np.isnan(p_values) & ~np.isnan(source.cells.values)
        near = np.abs(p_values[both] - source.cells.values[both]) < _AGREES
        if both.any() and near.mean() >= _MOST:
            return str(name)
    return None


def _p_values(cells: Cells, unit: str, units: Cells | None) -> NDArray[np.float64]:
    if unit in MOLAR or units is None:
        return to_p_scale(cells.values, unit) if unit in MOLAR else np.full(len(cells), np.nan)
    result = np.full(len(cells), np.nan)
    for text in units.occurring:
        if (known := concentration_unit(text)) in MOLAR:
            rows = units.each([other == text for other in units.texts], np.bool_)
            result[rows] = to_p_scale(cells.values[rows], str(known))
    return result


def _check_direction(source: Source) -> None:
    assert source.qualifiers is not None
    told = [bound_of(text) or 0 for text in source.qualifiers.texts]
    sides = source.qualifiers.each(told, np.int8)
    values = source.cells.values
    above = values[(sides > 0) & ~np.isnan(values)]
    exact = values[(sides == 0) & ~np.isnan(values)]
    if len(above) and len(exact) and np.median(above) > np.median(exact):
        raise InputError(
            f"are the qualifiers those of {source.name!r} or of its concentration? Rows with > "
            f"have the median {np.median(above):.2f}, exact rows {np.median(exact):.2f}",
            file=source.file,
            column=source.name,
            hint="set qualifier_of: value, or concentration, in the schema beside the table",
        )
