"""Places at which a file can be cut, so that portions of it are read by themselves.

Text tables and SMILES files are cut behind lines, SD files behind records, Parquet files between
row groups. What is compressed, UTF-16 or a workbook cannot be cut. Where records end is told by the
reader itself, so that a quoted line end cuts nothing; only where a table has no quotes at all is
each line taken for a record.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile
from typing import NamedTuple

from bioassay_mtl.remote import opened
from bioassay_mtl.tables.compression import compression_of
from bioassay_mtl.tables.detection import chosen
from bioassay_mtl.tables.encodings import wide_encoding
from bioassay_mtl.tables.formats.sdf import SOUGHT
from bioassay_mtl.tables.line_index import LineIndex
from bioassay_mtl.tables.options import TableOptions
from bioassay_mtl.tables.portion import Portion
from bioassay_mtl.tables.records import ReadOptions, TableFormat
from bioassay_mtl.tables.stream import Source

HEAD_BYTES = 1 << 17
"""Bytes that readers look at before they decide how to read, twice, and `SOUGHT` records."""

_MAGIC = 8
_MARKED = 4096


def portions(path: str, rows: int, options: TableOptions) -> list[Portion]:
    """All records of a file in portions of about so many.

    Parameters
    ----------
    path
        The file.
    rows
        Records of a portion: exactly so many in text and SD files (the last may have fewer), at
        most so many in Parquet files with smaller row groups.
    options
        Options with which the file is read.

    Returns
    -------
    list of Portion
        In order, each record in one of them; the file as a whole where it cannot be cut.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    with Source(path, encoding=options.encoding) as source:
        found = chosen(source, options)
    if not _is_plain(path, options):
        return [Portion(path)]
    if found.groups is not None:
        with Source(path) as source:
            return list(_of_groups(path, found.groups(source), rows))
    if found.ends is not None:
        return list(_of_lines(path, found, rows, options))
    return [Portion(path)]


def _is_plain(path: str, options: TableOptions) -> bool:
    """Whether bytes of a file are those that its reader has, text in UTF-8."""
    with opened(path) as file:
        head = file.read(_MARKED)
    if compression_of(head[:_MAGIC]) is not None:
        return False
    is_utf8 = options.encoding is None or codecs.lookup(options.encoding).name == "utf-8"
    return is_utf8 and wide_encoding(head) is None


def _of_groups(path: str, ends: Sequence[int], rows: int) -> Iterator[Portion]:
    start = done = 0
    for number, end in enumerate(ends, 1):
        following = ends[number] if number < len(ends) else None
        if following is None or following - done > rows:
            yield Portion(path, "row groups", start, number, rows=end - done, first_row=done + 1)
            start, done = number, end
    if not ends:
        yield Portion(path)


def _of_lines(path: str, form: TableFormat, rows: int, options: TableOptions) -> Iterator[Portion]:
    """Portions of whole records; each begins to read where the file does."""
    with opened(path) as file:
        index = LineIndex(file)
        marks = _marks(path, form, index, rows, options)
        cuts = [(done, index.end(line)) for done, line in marks.cuts]
        head = index.end(marks.head[1])
    if len(cuts) < 2:
        yield Portion(path)
        return
    cuts[-1] = (cuts[-1][0], index.size)
    for (done, start), (until, stop) in pairwise([(0, 0), *cuts]):
        blank = 0 if start < head else form.blank
        skip = done if start < head else marks.head[0] + blank
        yield Portion(path, "bytes", start, stop, head, blank, skip, until - done, done + 1)


class _Marks(NamedTuple):
    """Records behind which a file is cut, each as their number and the line on which they end.

    Attributes
    ----------
    cuts
        Cuts in order; the last one ends the file.
    head
        Behind what readers look at before they decide how to read.
    """

    cuts: list[tuple[int, int]]
    head: tuple[int, int]


def _marks(
    path: str, form: TableFormat, index: LineIndex, rows: int, options: TableOptions
) -> _Marks:
    assert form.ends is not None
    beyond = _beyond(index)
    with Source(path, encoding=options.encoding) as source:
        ends = form.ends(source, ReadOptions(table=options))
        above = next(ends)
        if form.is_lined and not index.has_quotes:
            return _of_each_line(above, index.n - above, rows, beyond)
        return _as_told(takewhile(index.n.__ge__, ends), above, rows, beyond)


def _of_each_line(above: int, n: int, rows: int, beyond: int) -> _Marks:
    """Cuts of a file in which each line is a record."""
    head = min(n, max(SOUGHT, beyond - above))
    cuts = [*range(rows, n, rows), n]
    return _Marks([(number, above + number) for number in cuts], (head, above + head))


def _as_told(ends: Iterator[int], above: int, rows: int, beyond: int) -> _Marks:
    """Cuts of a file whose reader tells the line on which each record ends."""
    cuts = list[tuple[int, int]]()
    head, is_within = (0, above), True
    n, line = 0, above
    for n, line in enumerate(ends, 1):
        if is_within:
            head = n, line
            is_within = n < SOUGHT or line < beyond
        if n % rows == 0:
            cuts.append((n, line))
    if n % rows or not cuts:
        cuts.append((n, line))
    return _Marks(cuts, head)


def _beyond(index: LineIndex) -> int:
    """The first line that ends behind what readers look at first."""
    low, high = 1, index.n
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if index.end(middle) >= HEAD_BYTES else (middle + 1, high)
    return low
