"""Dialect of a table of text: its delimiter, found out from how it begins."""

from __future__ import annotations

import re
from typing import NamedTuple

from bioassay_mtl.tables.options import TableOptions
from bioassay_mtl.tables.stream import Source

_SEPARATORS = ",;\t|"
_LINES = 20
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\r|\n")
_QUOTED = re.compile(r'"[^"]*"')


class Dialect(NamedTuple):
    """Delimiter of fields, and the number of lines before the header."""

    delimiter: str
    n_before: int = 0

    @property
    def quotes_are_letters(self) -> bool:
        """Whether a quote counts only around a whole field."""
        return self.delimiter == "\t"


def dialect_of(source: Source, options: TableOptions, usual: str = "") -> Dialect:
    """The dialect of a table that was not read yet.

    Parameters
    ----------
    usual
        The delimiter of its format, where the header has it; empty for what most lines have.
    """
    source.head(1)
    lines = _LINE_END.split(source.opening)
    n_before = 0
    while n_before < len(lines) and not lines[n_before].strip():
        n_before += 1
    told = _SEP_LINE.fullmatch(lines[n_before]) if n_before < len(lines) else None
    if told is not None:
        n_before += 1
    lines = lines[n_before : n_before + _LINES]
    header = lines[0] if lines else ""
    if options.delimiter is not None:
        return Dialect(options.delimiter, n_before)
    if told is not None:
        return Dialect(told[1], n_before)
    if usual and (usual in header or not any(each in header for each in _SEPARATORS)):
        return Dialect(usual, n_before)
    return Dialect(delimiter_of(lines), n_before)


def delimiter_of(lines: list[str]) -> str:
    """The one of comma, semicolon, tab and bar that makes most columns of a table.

    Examples
    --------
    >>> delimiter_of(["SMILES;Inhibition, %;LogD"]), delimiter_of(['SMILES,"a;b;c"'])
    (';', ',')
    >>> delimiter_of(["name|IC50, mean, nM", "a|5", "b|7"])
    '|'
    """
    unquoted = [_QUOTED.sub("", line) for line in lines if line]

    def rank(delimiter: str) -> tuple[bool, int]:
        counts = [line.count(delimiter) for line in unquoted]
        n = counts[0] if counts else 0
        # The last line may be cut, and a field may hold line ends.
        return n > 0 and 2 * counts.count(n) > len(counts), n

    return max(_SEPARATORS, key=rank)
