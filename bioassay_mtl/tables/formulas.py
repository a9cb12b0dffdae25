"""Cells of text that a spreadsheet would run as formulas.

A name such as ``=HYPERLINK(...)`` or ``@SUM(...)|...`` in a library is harmless to programs, and an
order to a spreadsheet that opens a CSV file with it. What keeps a spreadsheet from obeying, an
apostrophe before the cell, changes the cell: names that begin with ``-`` or ``+`` would silently no
longer join with the table that they came from. Tables for programs are therefore written as they
are, and such cells are counted and told of; who asks for it gets the apostrophes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_STARTS = "[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_ANY = re.compile(f"(?:^|\0){_STARTS}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ONE = re.compile(_STARTS)


class FormulaGuard:
    """Looks at all text that goes into a table.

    Parameters
    ----------
    quote
        Put an apostrophe before what a spreadsheet would run.

    Attributes
    ----------
    found
        Number of such cells so far.
    """

    def __init__(self, *, quote: bool = False) -> None:
        self.quote = quote
        self.found = 0

    def __call__(self, cells: Sequence[str]) -> Sequence[str]:
        """The cells, as they are to be written."""
        if not _ANY.search("\0".join(cells)):
            return cells
        dangerous = [is_formula(cell) for cell in cells]
        self.found += sum(dangerous)
        if not self.quote:
            return cells
        return [f"'{c}" if bad else c for c, bad in zip(cells, dangerous, strict=True)]


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would run it: it begins like a formula, and is no number."""
    return bool(_ONE.match(cell)) and not _NUMBER.fullmatch(cell)
