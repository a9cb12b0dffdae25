"""Sizes of the pages of a Parquet file, which its footer does not tell.

A page is decoded whole, whatever a reader asks for: one of a gigabyte takes a gigabyte. Its header,
a struct of Thrift's compact protocol, says beforehand how large it becomes (Apache Parquet, "Data
Pages").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from bioassay_mtl.tables.stream import Source

MOST = 128 << 20
"""Bytes of a page that is read; writers make pages of one megabyte."""

_HEADER = 1 << 20
_UNCOMPRESSED, _COMPRESSED = 2, 3
_BYTE, _DOUBLE, _BINARY, _LISTS, _STRUCT = 3, 7, 8, (9, 10), 12
_INTEGERS = (4, 5, 6)


def check_pages(file: IO[bytes], metadata: Any, columns: set[str], source: Source) -> None:
    """See that no page of some columns is larger than what may be held.

    Parameters
    ----------
    file
        File that is read; its position stays.
    metadata
        Footer of the file.
    columns
        Names of the columns that are read.
    source
        Source, for messages.

    Raises
    ------
    InputError
        A page is larger.
    """
    place = file.tell()
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for column in map(group.column, range(group.num_columns)):
            of_it = column.path_in_schema
            if of_it not in columns or column.total_uncompressed_size <= MOST:
                continue
            if (largest := max(_sizes(file, column), default=0)) > MOST:
                raise source.fault(
                    f"column {of_it!r} has a page of {largest >> 20:,} MB, which would have to be "
                    f"held whole; at most {MOST >> 20} MB are",
                    hint="write the file anew with pages of a usual size (1 MB)",
                )
    file.seek(place)


def _sizes(file: IO[bytes], column: Any) -> Iterator[int]:
    """Uncompressed bytes of each page of a column's chunk."""
    offsets = (column.dictionary_page_offset, column.data_page_offset)
    start = min(offset for offset in offsets if offset)
    end = start + column.total_compressed_size
    while start < end:
        file.seek(start)
        header = _Header(file.read(_HEADER))
        fields = header.struct()
        yield fields[_UNCOMPRESSED]
        start += header.place + fields[_COMPRESSED]


class _Header:
    """Reads the compact protocol: integers of a struct, the rest passed over."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def struct(self) -> dict[int, int]:
        """Integers by the numbers of their fields."""
        found: dict[int, int] = {}
        number = 0
        while (head := self._byte()) != 0:
            step, kind = divmod(head, 16)
            number = number + step if step else self._signed()
            if kind in _INTEGERS:
                found[number] = self._signed()
            else:
                self._pass(kind)
        return found

    def _byte(self) -> int:
        if self.place >= len(self.data):
            raise OSError("the header of a page does not end")
        self.place += 1
        return self.data[self.place - 1]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)

    def _pass(self, kind: int) -> None:
        if kind in _INTEGERS:
            self._unsigned()
        elif kind == _BYTE:
            self._byte()
        elif kind == _DOUBLE:
            self.place += 8
        elif kind == _BINARY:
            self.place += self._unsigned()
        elif kind in _LISTS:
            n, of_each = divmod(self._byte(), 16)
            for _ in range(self._unsigned() if n == 15 else n):
                self._byte() if of_each in (1, 2) else self._pass(of_each)
        elif kind == _STRUCT:
            self.struct()
