"""Rows of text built a batch at a time, without a Python step for each cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.screening.decimals import WIDTH, six_decimals

BYTES_AT_ONCE = 8_000_000
"""Bytes of text that is built before it is written; a single line may be longer."""

HEAD = b"\0"
"""Stands in a template for what differs from record to record."""

GONE = b"\1"
"""Fills up what is shorter than a number; it is taken out again."""


class RowTemplate:
    """The text of one record with gaps for its numbers.

    Parameters
    ----------
    literals
        t + 1 pieces of text around t numbers; :data:`HEAD` in them is replaced by the record's own.
    blank
        The text of a record without numbers.
    nothing
        The text of a number that is not there, where some may be missing; eight bytes at most.
    """

    def __init__(
        self, literals: Sequence[bytes], blank: bytes, nothing: bytes | None = None
    ) -> None:
        self.blank, self._nothing = blank, nothing
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
        return self.render_words(
            heads, ok, self.words(probabilities if ok.all() else probabilities[ok])
        )

    def render_words(
        self, heads: Iterable[bytes], ok: NDArray[np.bool_], words: NDArray[np.uint64]
    ) -> Iterator[bytes]:
        """Like :meth:`render`, with the text of the cells of records that are ok.

        Parameters
        ----------
        words
            ``(n_ok, t)``: eight bytes each, of which those that are :data:`GONE` are not written.
        """
        text = self._fill(words)
        width, at = len(self._row), 0
        for head, has_numbers in zip(heads, ok.tolist(), strict=True):
            if has_numbers:
                line = text[at : at + width]
                if self._nothing is not None:
                    line = line.translate(None, GONE)
                yield from with_head(line, head)
                at += width
            else:
                yield self.blank.replace(HEAD, head)

    def _fill(self, numbers: NDArray[np.uint64]) -> bytes:
        rows = np.frombuffer(bytearray(self._row * len(numbers)), dtype=self._gaps)
        for column, name in enumerate(self._gaps.names or ()):
            rows[name] = numbers[:, column]
        return rows.tobytes()

    def words(self, probabilities: NDArray[np.float32]) -> NDArray[np.uint64]:
        """Numbers as text, of any shape."""
        if self._nothing is None:
            return six_decimals(probabilities)
        missing = np.isnan(probabilities)
        numbers = six_decimals(np.where(missing, np.float32(0), probabilities))
        numbers[missing] = word(self._nothing)
        return numbers


def word(text: bytes) -> np.uint64:
    """A text of eight bytes at most, filled up."""
    found: np.uint64 = np.frombuffer(text.ljust(WIDTH, GONE), "<u8")[0]
    return found


class ValueTemplate:
    """Like :class:`RowTemplate`, for records that hold values, too: any number of any length.

    A probability has six decimals, a value the seven digits of its float32.

    Parameters
    ----------
    literals, blank
        See :class:`RowTemplate`.
    is_value
        Whether each of the t numbers is a value.
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


class MixedTemplate:
    """Like :class:`RowTemplate`, for records with cells of any kinds, which may be missing.

    Parameters
    ----------
    literals, blank
        See :class:`RowTemplate`.
    shown
        Function that makes text of each of the t cells.
    """

    def __init__(
        self, literals: Sequence[bytes], blank: bytes, shown: Sequence[Callable[[Any], str]]
    ) -> None:
        self.blank, self._shown = blank, shown
        first, *rest = (literal.decode().replace("%", "%%") for literal in literals)
        self._row: str = first + "".join("%s" + text for text in rest)

    def render(
        self, heads: Iterable[bytes], ok: NDArray[np.bool_], cells: Sequence[Sequence[Any]]
    ) -> Iterator[bytes]:
        """The text of n records, as :meth:`RowTemplate.render`; `cells` are t columns of n."""
        columns = [map(shown, column) for shown, column in zip(self._shown, cells, strict=True)]
        for head, has_numbers, row in zip(
            heads, ok.tolist(), zip(*columns, strict=True), strict=True
        ):
            text = (self._row % row).encode() if has_numbers else self.blank
            yield from with_head(text, head)


def with_head(text: bytes, head: bytes) -> Iterator[bytes]:
    """A record's text with its head; line by line where a long head stands in many lines."""
    if len(head) * text.count(HEAD) <= BYTES_AT_ONCE:
        yield text.replace(HEAD, head)
        return
    _, *rest = text.split(HEAD)  # each line begins with the head
    for line in rest:
        yield head + line


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
