"""Rows of tab-separated text, where a quote inside a field is a letter.

Names of chemistry are full of quotes (``1-(2"-oxo)``), and only some programs that write such
tables put any around fields. A quote counts where it opens a field and another closes the same
field; then two stand for one, and the field may hold tabs or line ends, if the row has as many
fields as the header only so.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator

from bioassay_mtl.chem.status import Status
from bioassay_mtl.tables import stream as limits
from bioassay_mtl.tables.bounded_rows import long_fields
from bioassay_mtl.tables.stream import Piece, Source

MOST_LINES = 1000
"""Lines behind one that a row may go over."""


def tab_rows(source: Source, delimiter: str) -> Iterator[tuple[int, list[str] | Status]]:
    """Rows, each with the line on which it ends."""
    lines = _Lines(source)
    width = 0
    while (text := lines.take()) is not None:
        if isinstance(text, Piece):
            if text.is_last:
                yield lines.n, Status.TOO_LONG
            continue
        bare = text.rstrip("\r\n")
        fields = bare.split(delimiter) if bare else []
        if '"' in text:
            fields = _quoted(text, fields, delimiter, width, lines)
        width = width or len(fields)
        yield lines.n, fields


class _Lines:
    """Lines, some of which may be looked at before they are taken."""

    def __init__(self, source: Source) -> None:
        self._lines = source.lines()
        self._ahead: deque[str] = deque()
        self.n = 0

    def take(self) -> str | None:
        """The next line; None behind the last."""
        line = self._ahead.popleft() if self._ahead else next(self._lines, None)
        self.n += line is not None and (not isinstance(line, Piece) or line.is_last)
        return line

    def ahead(self) -> Iterator[str]:
        """The lines that follow, as they are."""
        at = 0
        while True:
            if at == len(self._ahead):
                line = next(self._lines, None)
                if line is None:
                    return
                self._ahead.append(line)
            yield self._ahead[at]
            at += 1


def _quoted(text: str, fields: list[str], delimiter: str, width: int, lines: _Lines) -> list[str]:
    """Fields of a line with quotes, or of several."""
    if (found := _by_quotes(text, delimiter)) is not None:
        if len(found) == (width or len(found)):
            return found
    elif _may_go_on(fields, width) and (found := _over_lines(text, delimiter, width, lines)):
        return found
    return [_without_quotes(field) for field in fields]


def _may_go_on(fields: list[str], width: int) -> bool:
    """Whether a field may end on a later line: fields are missing, or the last one is open."""
    if width < 2:
        return False
    return len(fields) < width or (len(fields) == width and fields[-1].startswith('"'))


def _over_lines(text: str, delimiter: str, width: int, lines: _Lines) -> list[str] | None:
    """The row of this line and some that follow, if together they are one."""
    is_row = text.count(delimiter) == width - 1  # as is the next one, unless a field goes on
    for number, line in enumerate(lines.ahead(), 1):
        if isinstance(line, Piece) or number > MOST_LINES:
            return None
        text += line
        if len(text) > limits.MAX_RECORD:
            return None
        if '"' in line:
            found = _by_quotes(text, delimiter)
            if found is not None and len(found) == width:
                for _ in range(number):
                    lines.take()
                return found
        if is_row and line.count(delimiter) == width - 1:
            return None
    return None


def _by_quotes(text: str, delimiter: str) -> list[str] | None:
    """Fields by the rules of CSV; None where a quote is not closed, or text follows one."""
    try:
        with long_fields():
            rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _without_quotes(field: str) -> str:
    inner = field[1:-1]
    is_quoted = len(field) > 1 and field[0] == field[-1] == '"'
    return inner.replace('""', '"') if is_quoted and '"' not in inner.replace('""', "") else field
