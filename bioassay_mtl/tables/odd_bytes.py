"""Bytes that are not UTF-8: names are read all the same, structures are not.

While a file is read, each such byte stands as a character that no text has: U+DC80 to U+DCFF
(Python's ``surrogateescape``), and U+DC00 for a NUL, which tables cannot hold. Before a record
leaves the reader, each becomes what Windows-1252 has for it, the likeliest of old encodings. Bytes
that are UTF-8 stay it, for lines of both are found in one file: where Windows-1252 happens to be
UTF-8 too (its "ßµ" is an N'Ko letter), only the encoding that a user gives tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_ODD = re.compile("[\udc00-\udcff]")
_NUL = "\udc00"


def escaped(text: bytes) -> str:
    """Text whose odd bytes can be told."""
    return text.decode("utf-8", "surrogateescape").replace("\0", _NUL)


def is_odd(text: object) -> bool:
    """Whether there was an odd byte in it."""
    return isinstance(text, str) and not text.isascii() and _ODD.search(text) is not None


def readable(text: str) -> str:
    """The text with a character in place of each odd byte.

    Examples
    --------
    >>> readable(escaped(b"S\\xe4ure, \\xc2\\xb5M"))
    'Säure, µM'
    """
    return text if text.isascii() else _ODD.sub(_character, text)


def readable_cells(cells: Sequence[Any]) -> Sequence[Any]:
    """The same of a row's cells."""
    return [readable(cell) if isinstance(cell, str) else cell for cell in cells]


def _character(odd: re.Match[str]) -> str:
    code = ord(odd[0]) - 0xDC00
    return bytes([code]).decode("cp1252", "replace") if code else "\ufffd"
