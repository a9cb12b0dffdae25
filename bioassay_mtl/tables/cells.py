"""Cells of a table: numbers with a qualifier and a unit.

Each distinct text is read once, so that a column of a million cells costs what its distinct values
cost.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.descriptors.given import MISSING
from bioassay_mtl.tasks.kinds.base import LARGEST_VALUE
from bioassay_mtl.tasks.units import known_unit
from bioassay_mtl.wording import setting

if TYPE_CHECKING:
    import pyarrow as pa

    from bioassay_mtl.tables.options import TableOptions

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

SPELLED = {
    **dict.fromkeys(("ca", "ca.", "circa", "approx", "approx."), "~"),
    **dict.fromkeys(("gt", "&gt;"), ">"),
    **dict.fromkeys(("lt", "&lt;"), "<"),
    **dict.fromkeys(("ge", "gte", "&ge;", "&gt;="), ">="),
    **dict.fromkeys(("le", "lte", "&le;", "&lt;="), "<="),
}
"""Qualifiers that are words, in small letters, or HTML's way to write a sign."""

# Words stand apart from the number: GT10 is a name.
_SPELLED = r"(?i:&(?:[gl]t;=?|[gl]e;)|(?:ca|approx)\.|(?:circa|ca|approx|[gl]te?|[gl]e)(?=\s))"
_CELL = re.compile(
    rf"(>>|<<|>=|<=|=>|=<|[<>=~\u2265\u2264\u2248]|{_SPELLED})?\s*"
    r"([+\u2212-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+\u2212-]?\d+)?)\s*(\D.*)?",
    re.ASCII | re.DOTALL,
)


_WITH_COMMAS = re.compile(rf"(?:[<>=~\s]|{_SPELLED})*[+\u2212-]?\d+(,\d+)+(\.\d+)?\s*", re.ASCII)


_GROUPED = re.compile(r"\d{1,3}([.,'\u2019 \u00a0\u2009\u202f]\d{3})+")
_BEFORE = rf"(?:[<>=~\u2265\u2264\u2248'\s]|{_SPELLED})*[+\u2212-]?"
_BEHIND = r"([eE][+-]?\d+)?(\D.*)?"
_NUMBER = re.compile(_BEFORE + r"((?:\d|[.,'\u2019 \u00a0\u2009\u202f](?=\d))+)")
_POINT = re.compile(rf"{_BEFORE}\d*\.\d+{_BEHIND}", re.ASCII | re.DOTALL)
_THOUSANDS = re.compile(rf"{_BEFORE}[1-9]\d{{0,2}},\d{{3}}(\D.*)?", re.ASCII | re.DOTALL)


class NumberFormat(NamedTuple):
    """Format of numbers in cells.

    Attributes
    ----------
    decimal
        ``"."`` or ``","``; empty for what the cells of each column show.
    thousands
        Whether there are separators of thousands.
    """

    decimal: str = "."
    thousands: bool = False

    @classmethod
    def of(cls, options: TableOptions, *, may_be_comma: bool) -> NumberFormat:
        """Format that the options say, else found out where fields are not separated by commas."""
        usual = "" if may_be_comma else "."
        decimal = {None: usual, "point": ".", "comma": ","}[options.decimal]
        return cls(decimal, options.thousands)

    def settled(self, texts: Iterable[str]) -> NumberFormat:
        """Format with the decimal sign of a column: a comma, where cells have no other sense.

        Examples
        --------
        >>> NumberFormat("").settled(["7,63", "5", "high"]).decimal
        ','
        >>> NumberFormat("").settled(["7,63", "5.1"]).decimal  # either may be wrong
        '.'
        >>> NumberFormat("").settled(["41,605", "1,200"]).decimal  # thousands?
        '.'
        """
        if self.decimal:
            return self
        texts = [text.strip() for text in texts]
        commas = [text for text in texts if "," in text and self._replace(decimal=",").reads(text)]
        is_comma = any(not _THOUSANDS.fullmatch(text) for text in commas)
        is_comma = is_comma and not any(_POINT.fullmatch(text) for text in texts)
        return self._replace(decimal="," if is_comma else ".")

    def reads(self, text: str) -> bool:
        """Whether a text is a number in this format, with any qualifier and unit."""
        return read_cell(self.plain(text)).value is not None

    def plain(self, text: str) -> str:
        """A number with a decimal point and without separators; another text as it is.

        A number of another format is put in quotes, so that it is none.

        Examples
        --------
        >>> NumberFormat(",").plain("> 7,63 nM"), NumberFormat(",").plain("7.63")
        ('> 7.63 nM', "'7.63'")
        >>> NumberFormat(".", thousands=True).plain("41,605.5")
        '41605.5'
        """
        if self == POINTS or (found := _NUMBER.match(text)) is None:
            return text
        digits = found[1]
        if self.thousands:
            whole, sign, part = digits.partition(self.decimal)
            if _GROUPED.fullmatch(whole) and self.decimal not in whole:
                digits = re.sub(r"\D", "", whole) + sign + part
        if self.decimal == ",":
            if "." in digits:
                return f"'{text}'" if read_cell(text).value is not None else text
            digits = digits.replace(",", ".")
        number = text[: found.start(1)] + digits + text[found.end(1) :]
        return number if read_cell(number).value is not None else text


POINTS = NumberFormat()
"""A decimal point, and no separators."""


class Cell(NamedTuple):
    """Meaning of one text; `value` is None where it is no number."""

    value: float | None
    qualifier: str = ""
    unit: str = ""


def read_cell(text: str) -> Cell:
    """A number with an optional qualifier before it and an optional unit behind it.

    Examples
    --------
    >>> read_cell(" >= 1.5e3 nM")
    Cell(value=1500.0, qualifier='>=', unit='nM')
    >>> read_cell("ca. 5 nM"), read_cell("&gt;10").qualifier
    (Cell(value=5.0, qualifier='~', unit='nM'), '>')
    """
    found = _CELL.fullmatch(text.strip())
    if found is None:
        return Cell(None)
    unit = known_unit(found[3]) if found[3] else ""
    value = float(found[2].replace("\N{MINUS SIGN}", "-"))
    if unit is None or not math.isfinite(value) or abs(value) > LARGEST_VALUE:
        return Cell(None)
    sign = found[1] or ""
    return Cell(value, SPELLED.get(sign.lower(), sign), unit)


def bound_of(qualifier: str) -> int | None:
    """Meaning of a qualifier that stands alone, as in `QUALIFIERS`; None for another text.

    Examples
    --------
    >>> bound_of(">="), bound_of("LT"), bound_of("ca."), bound_of("high")
    (1, -1, 0, None)
    """
    return QUALIFIERS.get(SPELLED.get(qualifier.lower(), qualifier))


_NAME = re.compile(r"\s*(ca|[gl]te?|[gl]e)\s[^a-z]*", re.ASCII | re.IGNORECASE)
"""Texts that may be a name, such as LT 001."""


def with_commas(texts: Sequence[str]) -> str:
    """Hint for texts that look like numbers with decimal commas, or with separators.

    Examples
    --------
    >>> with_commas(["41,605", "1,200"])
    "that look like numbers with commas, as '41,605': decimal=comma or thousands says which"
    >>> with_commas(["high", "7,63", "low"])
    ''
    """
    found = [text for text in texts if _WITH_COMMAS.fullmatch(text)]
    if 2 * len(found) < len(texts) or not found:
        return _with_separators(texts)
    return (
        f"that look like numbers with commas, as {found[0]!r}: {setting('decimal', 'comma')} or "
        f"{setting('thousands')} says which"
    )


def _with_separators(texts: Sequence[str]) -> str:
    """Hint for texts that are numbers once separators of thousands are told."""
    odd = [text for text in texts if read_cell(text).value is None]
    for decimal, comma in ((".", ""), (",", f" and {setting('decimal', 'comma')}")):
        numbers = NumberFormat(decimal, thousands=True)
        found = [text for text in odd if numbers.reads(text)]
        if found and 2 * len(found) >= len(odd):
            says = f"{setting('thousands')}{comma}"
            return f"that look like numbers with separators, as {found[0]!r}: {says} reads them"
    return ""


class Cells:
    """A column by its distinct texts.

    Parameters
    ----------
    column
        Any column of a table but nested ones.
    numbers
        Format of its numbers (:func:`cells_of` takes that from the table).
    """

    def __init__(self, column: pa.ChunkedArray, numbers: NumberFormat = POINTS) -> None:
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
        self.numbers = numbers.settled(self.texts)
        """Format of the column's numbers; in `texts` they have decimal points."""
        self.texts = [self.numbers.plain(text) for text in self.texts]
        self.set_aside: dict[int, str] = {}
        """Positions in `texts` of those that were taken for not measured, and what they were."""
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
        """Every distinct text as a number; none of them where all may be names."""
        found = [read_cell(text) for text in self.texts]
        pairs = list(zip(found, self.texts, strict=True))
        if all(cell.value is None or _NAME.fullmatch(text) for cell, text in pairs):
            return [Cell(None)] * len(found)
        return found

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
        """One entry for each row, from one for each distinct text."""
        return np.array(by_text, dtype=kind)[self.codes]

    def text(self, row: int | np.integer[Any]) -> str:
        """Text of one row."""
        return self.texts[int(self.codes[row])]


_METADATA = b"bioassay_mtl numbers"


def with_numbers(table: pa.Table, numbers: NumberFormat) -> pa.Table:
    """A table that knows how its cells write numbers."""
    told = f"{numbers.decimal}{int(numbers.thousands)}".encode()
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _METADATA: told})


def says_numbers(table: pa.Table) -> bool:
    """Whether a table knows how its cells write numbers."""
    return _METADATA in (table.schema.metadata or {})


def numbers_of(table: pa.Table) -> NumberFormat:
    """Format of the numbers of a table; with points where it does not say."""
    told = (table.schema.metadata or {}).get(_METADATA)
    if told is None:
        return POINTS
    return NumberFormat(told[:-1].decode(), told[-1:] == b"1")


def cells_of(table: pa.Table, name: str) -> Cells:
    """A column of a table, with its numbers as the table writes them."""
    return Cells(table.column(name), numbers_of(table))
