"""The quick way to a whole table of text: pyarrow's reader, for what is plain."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bioassay_mtl.tables.bounded_rows import MAX_FIELD
from bioassay_mtl.tables.dialect import Dialect
from bioassay_mtl.tables.stream import Source

if TYPE_CHECKING:
    import pyarrow as pa

# A row of 10,000 assays is some 20 kB; each block becomes one chunk of every column.
_BLOCK = 16 << 20
_BOM = b"\xef\xbb\xbf"


class NotPlain(Exception):
    """The text is to be read row by row."""


def read_plain(source: Source, dialect: Dialect, header: list[str]) -> pa.Table:
    """All columns as text.

    Raises
    ------
    NotPlain
        Quotes stand within fields, bytes are not UTF-8, rows are ragged or very long, or the like.
    """
    import pyarrow as pa
    from pyarrow import csv

    delimiter = dialect.delimiter
    if not delimiter.isascii() or len(set(header)) < len(header):
        raise NotPlain
    letters = dialect.quotes_are_letters

    def read(block_bytes: int) -> pa.Table:
        with source.again() as plain:
            # Arrow takes what one read gives for a block; a buffer gives what was asked for.
            stream = io.BufferedReader(_Stream(plain.utf8(), _stray_quote(delimiter, letters)))
            return csv.read_csv(
                pa.PythonFile(stream, mode="r"),
                read_options=csv.ReadOptions(block_size=block_bytes, skip_rows=dialect.n_before),
                parse_options=csv.ParseOptions(
                    delimiter=delimiter,
                    quote_char=False if letters else '"',
                    newlines_in_values=not letters,
                ),
                convert_options=csv.ConvertOptions(
                    column_types={name: pa.string() for name in header},
                ),
            )

    try:
        try:
            table = read(_BLOCK)
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error):  # a row longer than two blocks
                raise
            table = read(2 * MAX_FIELD)
        names = table.column_names
    except (pa.ArrowException, NotPlain, UnicodeDecodeError):  # the last, of a name that is odd
        raise NotPlain from None
    if names != header:
        raise NotPlain
    return table


def _stray_quote(delimiter: str, letters: bool) -> re.Pattern[bytes]:
    """A quote that is neither at an end of a field nor beside one; any, where they are letters."""
    if letters:
        return re.compile(b'"')
    ends = b'\r\n"' + re.escape(delimiter.encode())
    return re.compile(b"[^" + ends + b']"[^' + ends + b"]|\0")


class _Stream(io.RawIOBase):
    """Bytes for Arrow from chunks of text, without a mark at the start."""

    def __init__(self, chunks: Iterator[bytes], stray: re.Pattern[bytes]) -> None:
        self._chunks = chunks
        self._stray = stray
        self._held = memoryview(b"")
        self._is_first = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            if self._is_first:
                chunk, self._is_first = chunk.removeprefix(_BOM), False
            if self._stray.search(chunk):
                raise NotPlain
            self._held = memoryview(chunk)
        n = min(len(buffer), len(self._held))
        buffer[:n] = self._held[:n]
        self._held = self._held[n:]
        return n
