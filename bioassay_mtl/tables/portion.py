"""Portions of a file: consecutive records, read by themselves as they are in the whole."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Literal, TypeVar

T = TypeVar("T")

Unit = Literal["file", "bytes", "row groups"]


@dataclass(frozen=True)
class Portion:
    """Source of the records.

    A reader must find out what a file's beginning tells (its header, separator, columns) for each
    portion alike: of a range of bytes the file's first ones are read, too.

    Parameters
    ----------
    path
        The file.
    unit
        Unit that `start` and `stop` count; nothing where it is all of the file.
    start, stop
        Positions of the first record that is read, and behind the last.
    head
        Bytes of the file's beginning that are read before these.
    blank
        Blank lines between the two: nothing in one looks like the end of something in the other.
    skip
        Records at their beginning that are of other portions.
    rows
        Records; None where that shows only in reading.
    first_row
        Number of the first in the file; records count from 1.
    """

    path: str
    unit: Unit = "file"
    start: int = 0
    stop: int = 0
    head: int = 0
    blank: int = 0
    skip: int = 0
    rows: int | None = None
    first_row: int = 1

    def __str__(self) -> str:
        return self.path

    def of(self, records: Iterator[T]) -> Iterator[T]:
        """Records of the portion, of all that are read."""
        return islice(records, self.skip, None if self.rows is None else self.skip + self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without those that say nothing."""
        usual = Portion(self.path)
        return {key: value for key, value in asdict(self).items() if value != getattr(usual, key)}


class PortionBytes(io.RawIOBase):
    """The bytes of a portion one after the other: the file's beginning, then its own.

    Parameters
    ----------
    file
        The file, open; closed with this.
    portion
        Portion of the file.
    """

    def __init__(self, file: io.RawIOBase, portion: Portion) -> None:
        self._file = file
        own = max(portion.start, portion.head), max(portion.stop, portion.head)
        self._ranges = [(0, portion.head), own]
        self._blank = io.BytesIO(b"\r\n" * portion.blank)  # not "\n", which may close a "\r"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._ranges:
            start, stop = self._ranges[0]
            if start < stop:
                self._file.seek(start)
                found = self._file.read(min(len(buffer), stop - start)) or b""
                buffer[: len(found)] = found
                self._ranges[0] = (start + len(found), stop if found else start)
                if found:
                    return len(found)
            if len(self._ranges) == 2 and (n := self._blank.readinto(buffer)):
                return n
            self._ranges.pop(0)
        return 0

    def close(self) -> None:
        self._file.close()
        super().close()
