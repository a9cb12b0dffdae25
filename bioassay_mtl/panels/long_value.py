"""The value column of a long table, and whose qualifiers stand beside it.

Where a p-scale stands beside the concentration that it was computed from, as in exports of ChEMBL,
the qualifiers are the concentration's, and turn round: ``> 10000 nM`` is ``< 5``. The data must
agree: values above a tested concentration are the weak ones, so that the median p-value of rows
with ``>`` must be below that of the exact rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.header import (
    QUALIFIER_NAMES,
    UNIT_NAMES,
    VALUE_NAMES,
    by_plain_name,
    find,
    qualifier_beside,
)
from bioassay_mtl.panels.row_log import RowLog
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.panels.source import Source
from bioassay_mtl.tables.cells import QUALIFIERS, Cells, cells_of
from bioassay_mtl.tables.columns import plain
from bioassay_mtl.tasks.units import MOLAR, P_SCALE, known_unit, to_p_scale, unit_in_name

if TYPE_CHECKING:
    import pyarrow as pa

_AGREES = 0.011  # p-values are often rounded to two decimals
_MOST = 0.9  # of the rows must agree


def value_source(
    table: pa.Table, path: Path, value: str, schema: PanelSchema, log: RowLog
) -> tuple[Source, set[str]]:
    """The values with their qualifiers and units, and the names of all columns about the value."""
    roles = schema.columns
    qualifier = find(table, roles.qualifier, QUALIFIER_NAMES, path) or qualifier_beside(
        table, by_plain_name(table), value
    )
    unit = find(table, roles.unit, UNIT_NAMES, path)
    source = Source(path, value, cells_of(table, value), log)
    is_p = source.unit_names[0] == P_SCALE
    if qualifier is not None:
        source.qualifiers = Cells(table.column(qualifier))
    if unit is not None and (not is_p or roles.unit is not None):
        source.units = Cells(table.column(unit))
    source = Source(path, value, source.cells, log, source.qualifiers, source.units)
    origin = _origin(table, source, unit) if is_p else None
    if schema.qualifier_of == "concentration":
        source.turned = True
    elif schema.qualifier_of is None and origin is not None and source.qualifiers is not None:
        _check_direction(source)
        source.turned = True
        log.notes.append(
            f"qualifiers are those of {origin!r}, of which {value!r} is the p-scale: > becomes <"
        )
    return source, {value} | {name for name in (qualifier, unit, origin) if name is not None}


def _origin(table: pa.Table, source: Source, unit: str | None) -> str | None:
    """The column of concentrations from which a p-scale was computed, if its values say so."""
    units = None if unit is None else Cells(table.column(unit))
    for name in table.column_names:
        own = unit_in_name(name)[1]
        if own not in MOLAR and (units is None or plain(name) not in VALUE_NAMES):
            continue
        cells = cells_of(table, name)
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
        if (known := known_unit(text)) in MOLAR:
            rows = units.each([other == text for other in units.texts], np.bool_)
            result[rows] = to_p_scale(cells.values[rows], str(known))
    return result


def _check_direction(source: Source) -> None:
    assert source.qualifiers is not None
    told = [QUALIFIERS.get(text, 0) for text in source.qualifiers.texts]
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
