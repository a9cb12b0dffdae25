"""Cells of a SMILES column: nothing behind a blank is cut off silently."""

from __future__ import annotations

import re

_BEHIND = re.compile(r"\S\s+(?!\|[^|]*\|\s*$)\S")
_BLANKS = re.compile(r"\s+")
BLANK = "\N{OPEN BOX}"
"""Stands for a blank that would end a SMILES."""


def is_cut(cell: str) -> bool:
    """Whether more than a SMILES stands in a cell; a CXSMILES extension is a part of it.

    Examples
    --------
    >>> is_cut("CCO "), is_cut("CCO |$a;b;c$|"), is_cut("CC(=O)Oc1ccccc1 C(=O)O")
    (False, False, True)
    """
    return not cell.isalnum() and _BEHIND.search(cell) is not None


def uncut(cell: str) -> str:
    """The cell; where more than a SMILES stands in it, as one text that is none.

    Examples
    --------
    >>> uncut("CCO aspirin"), uncut("CCO")
    ('CCO␣aspirin', 'CCO')
    """
    return _BLANKS.sub(BLANK, cell.strip()) if is_cut(cell) else cell
