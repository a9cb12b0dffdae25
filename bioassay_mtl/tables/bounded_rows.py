"""Lines for a CSV reader that never holds more of one record than it may.

A record goes over several lines where a quoted cell does. The csv module keeps all of it, however
long. Here lines are counted as they are given to it: when a record becomes too long, all further
text of it is read past, and the module is given an end of the record in its place.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

from bioassay_mtl.tables import stream as limits
from bioassay_mtl.tables.stream import Piece, Source

MAX_FIELD = 64 * 1024 * 1024
"""Characters of one cell that may be read; of a screen's records fewer are held."""


class _At(Enum):
    START = auto()  # of a field
    PLAIN = auto()  # in a field without quotes
    QUOTED = auto()
    QUOTE = auto()  # behind a quote inside quotes: it closes, or is one of two


class BoundedLines:
    """Lines of a table.

    Parameters
    ----------
    source
        Source of the lines.
    delimiter
        Delimiter between fields.

    Attributes
    ----------
    n
        Lines read.
    n_characters
        Characters passed on.
    is_long
        Whether the record that was passed on last is longer than one may be, and not whole.
    """

    def __init__(self, source: Source, delimiter: str) -> None:
        self._source = source
        self._lines = source.lines()
        self._delimiter = delimiter
        self._held = 0
        self.n = 0
        self.n_characters = 0
        self.is_long = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if isinstance(line, Piece) or self._held + len(line) > limits.MAX_RECORD:
            return self._past(line)
        self.n += 1
        self._held += len(line)
        self.n_characters += len(line)
        return line

    def begin(self) -> None:
        """Note that the record ends here, and another begins."""
        self._held, self.is_long = 0, False

    def _past(self, line: str) -> str:
        """Read to the end of the record; the end of what was passed on of it."""
        self.is_long = True
        first = self.n + 1
        # A record whose earlier lines did not end it is inside quotes.
        at, end = (_At.QUOTED, '"\n') if self._held else (_At.START, "\n")
        while True:
            at = _after(line, at, self._delimiter)
            is_whole = not isinstance(line, Piece) or line.is_last
            self.n += is_whole
            if is_whole and at is not _At.QUOTED:
                return end
            following = next(self._lines, None)
            if following is None:
                if at is _At.QUOTED:
                    raise self._source.fault("a quoted field opens here and is not closed", first)
                return end
            line = following


def _after(text: str, at: _At, delimiter: str) -> _At:
    """Position in a record behind a part of it."""
    place = 0
    while place < len(text):
        if at is _At.QUOTED:
            quote = text.find('"', place)
            if quote < 0:
                return at
            at, place = _At.QUOTE, quote + 1
        elif (at is _At.QUOTE and text[place] == '"') or (at is _At.START and text[place] == '"'):
            at, place = _At.QUOTED, place + 1
        else:  # only a quote at the start of a field counts
            opening = text.find(delimiter + '"', place)
            if opening < 0:
                return _At.START if text.endswith(delimiter) else _At.PLAIN
            at, place = _At.QUOTED, opening + 2
    return at


@contextmanager
def long_fields() -> Iterator[None]:
    """Let the csv module read long fields, without changing its limit for others."""
    before = csv.field_size_limit(MAX_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)
