"""Ends of the lines of a file, found without decoding it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

STRIDE = 4096
"""Lines between two whose places are kept."""

_CHUNK, _NEAR = 1 << 20, 1 << 16
_NEWLINE, _RETURN = 10, 13


class LineIndex:
    """Places of the line ends of a file, in memory that hardly grows with it.

    A line ends as :meth:`bioassay_mtl.tables.stream.Source.lines` has it.

    Parameters
    ----------
    file
        The file, which is read once, and again around each line that is asked for.

    Attributes
    ----------
    n
        Lines; what stands behind the last end is one, too.
    size
        Bytes.
    has_quotes
        Whether a ``"`` stands anywhere.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._kept: list[int] = []  # ends of the lines STRIDE, 2 * STRIDE, ...
        self.n, self.size, self.has_quotes = 0, 0, False
        last = 0
        for chunk, ends in _chunks(file, 0, _CHUNK):
            self.has_quotes = self.has_quotes or b'"' in chunk
            self._kept += ends[(-self.n - 1) % STRIDE :: STRIDE].tolist()
            self.n += len(ends)
            self.size += len(chunk)
            last = int(ends[-1]) if len(ends) else last
        self.n += self.size > last

    def end(self, line: int) -> int:
        """Bytes up to the end of a line; lines count from 1.

        Raises
        ------
        ValueError
            There is no such line.
        """
        if line >= self.n:
            if line > self.n:
                raise ValueError(f"line {line} of {self.n}")
            return self.size
        kept = line // STRIDE
        place = self._kept[kept - 1] if kept else 0
        left = line - kept * STRIDE
        if not left:
            return place
        for _, ends in _chunks(self._file, place, _NEAR):
            if left <= len(ends):
                return int(ends[left - 1])
            left -= len(ends)
        raise ValueError(f"line {line} is gone: the file has become shorter")


def _chunks(file: IO[bytes], start: int, size: int) -> Iterator[tuple[bytes, NDArray[np.int64]]]:
    """Chunks of a file from a place on, and the places behind the line ends in each."""
    file.seek(start)
    carry = b""
    while read := file.read(size):
        chunk = carry + read
        carry = b"\r" if chunk.endswith(b"\r") else b""  # whose "\n" may be still to come
        chunk = chunk.removesuffix(b"\r")
        yield chunk, start + _ends(chunk)
        start += len(chunk)
    if carry:
        yield carry, np.array([start + 1])


def _ends(chunk: bytes) -> NDArray[np.int64]:
    text = np.frombuffer(chunk, np.uint8)
    is_end = text == _NEWLINE
    if b"\r" in chunk:
        is_end |= (text == _RETURN) & ~np.append(is_end[1:], False)
    return np.flatnonzero(is_end) + 1
