"""A column of measurements with what stands beside it: qualifiers, units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.descriptors.given import MISSING
from bioassay_mtl.panels.names import is_concentration
from bioassay_mtl.panels.row_log import RowLog
from bioassay_mtl.tables.cells import Cells, bound_of
from bioassay_mtl.tasks.units import (
    MOLAR,
    P_SCALE,
    concentration_unit,
    known_unit,
    says_logarithm,
    says_p_scale,
    unit_in_name,
)

_EXACT = {"=", "==", "'='"}


@dataclass(eq=False)
class Source:
    """Measurements of one assay (a column of a wide table) or of many (of a long one).

    Parameters
    ----------
    file, name
        The table, and the column in it.
    cells
        The column.
    log
        Log of what became of rows.
    qualifiers, units
        Columns beside it, or None.
    turned
        Whether the qualifiers are of a quantity that falls where this one rises, of all rows or
        ``(n,)`` of each.
    loose
        Whether the values are concentrations, so that ``nm`` is nM.
    """

    file: Path
    name: str
    cells: Cells
    log: RowLog
    qualifiers: Cells | None = None
    units: Cells | None = None
    turned: bool | NDArray[np.bool_] = False
    loose: bool | None = None

    @cached_property
    def qualified(self) -> NDArray[np.bool_]:
        """``(n,)``: rows with any qualifier but ``=``."""
        own = self.cells.each([c.qualifier not in ("", "=") for c in self.cells.parsed], np.bool_)
        if self.qualifiers is None:
            return own
        texts = self.qualifiers.texts
        told = [t not in _EXACT and t.casefold() not in MISSING for t in texts]
        beside: NDArray[np.bool_] = self.qualifiers.each(told, np.bool_)
        return own | beside

    @cached_property
    def bounds(self) -> NDArray[np.int8]:
        """``(n,)``: of the values as they are written; a cell's own qualifier goes first."""
        own = self.cells.bounds
        if self.qualifiers is not None:
            told = [bound_of(text) or 0 for text in self.qualifiers.texts]
            has_own = self.cells.each([bool(c.qualifier) for c in self.cells.parsed], np.bool_)
            own = np.where(has_own, own, self.qualifiers.each(told, np.int8)).astype(np.int8)
        return np.where(self.turned, -own, own).astype(np.int8)

    @cached_property
    def unknown_qualifier(self) -> NDArray[np.bool_]:
        """``(n,)``: values of which nobody said whether they are exact, where others say so."""
        if self.qualifiers is None or not set(self.qualifiers.occurring) & _EXACT:
            return np.zeros(len(self.cells), np.bool_)
        own = self.cells.each([bool(c.qualifier) for c in self.cells.parsed], np.bool_)
        unknown: NDArray[np.bool_] = self.qualifiers.missing & ~own
        return unknown

    @cached_property
    def wrong_qualifier(self) -> NDArray[np.bool_]:
        """``(n,)``: rows with a text in the qualifier column that is none."""
        if self.qualifiers is None:
            return np.zeros(len(self.cells), np.bool_)
        texts = self.qualifiers.texts
        wrong = [bound_of(t) is None and t.casefold() not in MISSING for t in texts]
        return self.qualifiers.each(wrong, np.bool_)

    @cached_property
    def unit_names(self) -> list[str]:
        """The units of `unit_codes`; the first is that of the column's name, maybe none."""
        names = [self._unit_of_name]
        names += [unit for unit in self.cells.units if unit not in names]
        if self.units is not None:
            names += sorted({self._unit(text) for text in self.units.occurring} - set(names))
        return names

    @cached_property
    def unit_codes(self) -> NDArray[np.int64]:
        """``(n,)``: position of each row's unit in `unit_names`."""
        codes = np.zeros(len(self.cells), np.int64)
        place = {unit: code for code, unit in enumerate(self.unit_names)}
        if self.units is not None:
            told = [place.get(self._unit(text), 0) for text in self.units.texts]
            codes = self.units.each(told, np.int64)
        for unit, rows in self.cells.units.items():
            codes[rows] = place[unit]
        return codes

    @property
    def spelled_unit(self) -> tuple[str, str]:
        """A unit that is read as another one than it says, and that one; mostly empty."""
        texts = [] if self.units is None else self.units.occurring
        for text in texts:
            if known_unit(text) is None and (unit := concentration_unit(text)):
                return text, unit
        unit = self._unit_of_name
        if unit in MOLAR and unit_in_name(self.name)[1] != unit:
            return self.name, unit
        return "", ""

    @property
    def _unit_of_name(self) -> str:
        loose = is_concentration(self.name) if self.loose is None else self.loose
        unit = unit_in_name(self.name, loose)[1]
        if says_logarithm(self.name) and (unit in MOLAR or not unit):
            return P_SCALE if says_p_scale(self.name) else ""  # the unit is of what was logged
        return unit

    def _unit(self, text: str) -> str:
        if text.casefold() in MISSING:
            return ""
        unit = concentration_unit(text) or text
        return self._unit_of_name if unit in MOLAR and self._is_logarithm else unit

    @cached_property
    def _is_logarithm(self) -> bool:
        # Of a pActivity that is filled from concentrations, each row has its own unit.
        return says_logarithm(self.name) and P_SCALE not in (self.units or self.cells).texts

    def occurring(self, rows: NDArray[np.int64] | None = None) -> list[int]:
        """Positions of the distinct measured texts of some rows, or of all."""
        codes = np.unique(self.cells.codes if rows is None else self.cells.codes[rows])
        texts = self.cells.texts
        return [code for code in codes.tolist() if texts[code].casefold() not in MISSING]
