"""Rows of text built a batch at a time, without a Python step for each cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.decimals import WIDTH, six_decimals
from bioassay_mtl.screening.writers.base import Layout

BYTES_AT_ONCE = 8_000_000
"""Of text that is built before it is written; a single line may be longer."""

CELLS_AT_ONCE = 500_000
"""Numbers that are made text at a time."""

HEAD = b"\0"
"""Stands in a template for what differs from record to record."""


class RowTemplate:
    """The text of one record with gaps for its numbers.

    Parameters
    ----------
    literals
        t + 1 pieces of text around t numbers; :data:`HEAD` in them is replaced by the record's own.
    blank
        The text of a record without numbers.
    """

    def __init__(self, literals: Sequence[bytes], blank: bytes) -> None:
        self.blank = blank
        gap = b"0" * WIDTH
        self._row = gap.join(literals)
        ends = np.cumsum([len(literal) for literal in literals[:-1]])
        starts = ends + WIDTH * np.arange(len(ends))
        self._gaps = np.dtype(
            {
                "names": [str(i) for i in range(len(starts))],
                "formats": ["<u8"] * len(starts),
                "offsets": starts.tolist(),
                "itemsize": len(self._row),
            }
        )

    def render(
        self, heads: Iterable[bytes], ok: NDArray[np.bool_], probabilities: NDArray[np.float32]
    ) -> Iterator[bytes]:
        """The text of n records, piece by piece of whole lines.

        Parameters
        ----------
        heads
            n byte strings.
        ok
            ``(n,) bool``: records that have numbers.
        probabilities
            ``(n, t) float32``; read only where ``ok``.
        """
        text = self._fill(probabilities if ok.all() else probabilities[ok])
        width, at = len(self._row), 0
        for head, has_numbers in zip(heads, ok.tolist(), strict=True):
            if has_numbers:
                yield from with_head(text[at : at + width], head)
                at += width
            else:
                yield self.blank.replace(HEAD, head)

    def _fill(self, probabilities: NDArray[np.float32]) -> bytes:
        numbers = six_decimals(probabilities)
        rows = np.frombuffer(bytearray(self._row * len(numbers)), dtype=self._gaps)
        for column, name in enumerate(self._gaps.names or ()):
            rows[name] = numbers[:, column]
        return rows.tobytes()


class ValueTemplate:
    """As :class:`RowTemplate`, for records that hold values, too: any number of any length.

    A probability has six decimals, a value the seven digits of its float32.

    Parameters
    ----------
    literals, blank
        As of :class:`RowTemplate`.
    is_value
        Of each of the t numbers.
    """

    def __init__(self, literals: Sequence[bytes], blank: bytes, is_value: Sequence[bool]) -> None:
        self.blank = blank.decode()
        first, *rest = (literal.decode().replace("%", "%%") for literal in literals)
        formats = ("%.7g" if value else "%.6f" for value in is_value)
        self._row = first + "".join(f + text for f, text in zip(formats, rest, strict=True))

    def render(
        self, heads: Iterable[bytes], ok: NDArray[np.bool_], predictions: NDArray[np.float32]
    ) -> Iterator[bytes]:
        """The text of n records, as :meth:`RowTemplate.render`."""
        rows = zip(heads, ok.tolist(), predictions.tolist(), strict=True)
        for head, has_numbers, numbers in rows:
            text = self._row % tuple(numbers) if has_numbers else self.blank
            yield from with_head(text.encode(), head)


def with_head(text: bytes, head: bytes) -> Iterator[bytes]:
    """A record's text with its head; line by line where a long head stands in many lines."""
    if len(head) * text.count(HEAD) <= BYTES_AT_ONCE:
        yield text.replace(HEAD, head)
        return
    _, *rest = text.split(HEAD)  # each line begins with the head
    for line in rest:
        yield head + line


def row_template(
    literals: Sequence[bytes], blank: bytes, layout: Layout
) -> RowTemplate | ValueTemplate:
    """The quickest template for the columns of a layout."""
    if any(layout.is_value):
        return ValueTemplate(literals, blank, layout.is_value)
    return RowTemplate(literals, blank)


def joined(pieces: Iterable[bytes], n_bytes: int) -> Iterator[bytes]:
    """The same bytes in few pieces, each but the last of about so many."""
    some, size = list[bytes](), 0
    for piece in pieces:
        some.append(piece)
        size += len(piece)
        if size > n_bytes:
            yield b"".join(some)
            some, size = [], 0
    yield b"".join(some)


class TextWriter:
    """Base of the text formats: a template of the record, and the heads that go into it."""

    template: RowTemplate | ValueTemplate

    def __init__(self, sink: BinaryIO, layout: Layout) -> None:
        self.sink = sink
        self.layout = layout

    def heads(self, batch: ScreenedBatch) -> Iterable[bytes]:
        """The leading columns of each record."""
        raise NotImplementedError

    def write(self, batch: ScreenedBatch) -> None:
        heads = iter(self.heads(batch))
        rows = max(1, CELLS_AT_ONCE // len(self.layout.assays))
        for start in range(0, len(batch), rows):
            ok = batch.ok[start : start + rows]
            numbers = batch.probabilities[start : start + rows]
            records = self.template.render(islice(heads, len(ok)), ok, numbers)
            for text in joined(records, BYTES_AT_ONCE):
                self.sink.write(text)

    def close(self) -> None:
        pass
