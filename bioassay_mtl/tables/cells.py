"""Cells of a table: numbers with a qualifier and a unit.

Each distinct text is read once, so that a column of a million cells costs what its distinct values
cost.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.descriptors.given import MISSING
from bioassay_mtl.tasks.units import known_unit

if TYPE_CHECKING:
    import pyarrow as pa

QUALIFIERS = {
    ">": 1,
    ">=": 1,
    "=>": 1,
    ">>": 1,
    "\N{GREATER-THAN OR EQUAL TO}": 1,
    "<": -1,
    "<=": -1,
    "=<": -1,
    "<<": -1,
    "\N{LESS-THAN OR EQUAL TO}": -1,
    "=": 0,
    "==": 0,
    "~": 0,
    "\N{ALMOST EQUAL TO}": 0,
    "'='": 0,
    "'>'": 1,
    "'<'": -1,
    "'>='": 1,
    "'<='": -1,
    "'>>'": 1,
    "'<<'": -1,
    "'~'": 0,
}
"""1: the true value is at or above what is written; -1: at or below; 0: it is what is written."""

LARGEST = float(np.finfo(np.float32).max)

_CELL = re.compile(
    r"(>>|<<|>=|<=|=>|=<|[<>=~\u2265\u2264\u2248])?\s*"
    r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\D.*)?",
    re.ASCII | re.DOTALL,
)


_WITH_COMMAS = re.compile(r"[<>=~\s]*[+-]?\d+(,\d+)+(\.\d+)?\s*", re.ASCII)


class Cell(NamedTuple):
    """What one text says; `value` is None where it is no number."""

    value: float | None
    qualifier: str = ""
    unit: str = ""


def read_cell(text: str) -> Cell:
    """A number with an optional qualifier before it and an optional unit behind it.

    Examples
    --------
    >>> read_cell(" >= 1.5e3 nM")
    Cell(value=1500.0, qualifier='>=', unit='nM')
    """
    found = _CELL.fullmatch(text.strip())
    if found is None:
        return Cell(None)
    unit = known_unit(found[3]) if found[3] else ""
    value = float(found[2])
    if unit is None or not math.isfinite(value) or abs(value) > LARGEST:
        return Cell(None)
    return Cell(value, found[1] or "", unit)


def with_commas(texts: Sequence[str]) -> str:
    """What to say of texts that look like numbers with decimal commas, or with separators.

    Examples
    --------
    >>> with_commas(["7,63", "6,1"])
    "that look like numbers with commas, as '7,63': write 7.63, and 41605 without a separator"
    >>> with_commas(["high", "7,63", "low"])
    ''
    """
    found = [text for text in texts if _WITH_COMMAS.fullmatch(text)]
    if 2 * len(found) < len(texts) or not found:
        return ""
    return (
        f"that look like numbers with commas, as {found[0]!r}: write 7.63, and 41605 without a "
        "separator"
    )


class Cells:
    """A column by its distinct texts.

    Parameters
    ----------
    column
        Any column of a table but nested ones.
    """

    def __init__(self, column: pa.ChunkedArray) -> None:
        import pyarrow as pa

        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        held = column.combine_chunks()
        if isinstance(held, pa.ChunkedArray):  # older pyarrow, or no chunk at all
            held = pa.concat_arrays(held.chunks) if held.num_chunks else pa.array([], held.type)
        encoded = held.dictionary_encode()
        self.texts = ["" if v is None else str(v).strip() for v in encoded.dictionary.to_pylist()]
        """Distinct values as texts, in order of first appearance; an empty one goes last."""
        codes = encoded.indices.fill_null(len(self.texts)).to_numpy(zero_copy_only=False)
        self.texts.append("")
        self.codes: NDArray[np.int64] = codes.astype(np.int64)
        """``(n,)``: position in `texts` of every row."""

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """``(n,)``: rows without a measurement."""
        return self.each([text.casefold() in MISSING for text in self.texts], np.bool_)

    @cached_property
    def parsed(self) -> list[Cell]:
        """Every distinct text as a number."""
        return [read_cell(text) for text in self.texts]

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """``(n,)``: the numbers, NaN where there is none."""
        return self.each([np.nan if c.value is None else c.value for c in self.parsed], np.float64)

    @cached_property
    def bounds(self) -> NDArray[np.int8]:
        """``(n,)``: what the qualifiers say, as in :class:`~bioassay_mtl.panels.panel.Panel`."""
        return self.each([QUALIFIERS.get(c.qualifier, 0) for c in self.parsed], np.int8)

    @cached_property
    def unreadable(self) -> NDArray[np.bool_]:
        """``(n,)``: rows that hold something that is no number."""
        return ~self.missing & np.isnan(self.values)

    @cached_property
    def units(self) -> dict[str, NDArray[np.bool_]]:
        """The units that cells name, each with its rows."""
        names = sorted({cell.unit for cell in self.parsed if cell.unit})
        return {n: self.each([c.unit == n for c in self.parsed], np.bool_) for n in names}

    @cached_property
    def occurring(self) -> list[str]:
        """Distinct texts of the measured cells, in order of first appearance."""
        present = np.zeros(len(self.texts), np.bool_)
        present[self.codes] = True
        return [
            text
            for text, there in zip(self.texts, present, strict=True)
            if there and text.casefold() not in MISSING
        ]

    @property
    def qualified(self) -> bool:
        """Whether a cell has a qualifier other than ``=``."""
        return any(cell.qualifier not in ("", "=") for cell in self.parsed)

    def each(self, by_text: Sequence[float], kind: type[Any]) -> NDArray[Any]:
        """From one entry a distinct text to one entry a row."""
        return np.array(by_text, dtype=kind)[self.codes]

    def text(self, row: int | np.integer[Any]) -> str:
        """What one row holds."""
        return self.texts[int(self.codes[row])]
