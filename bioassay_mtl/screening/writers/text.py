"""Rows of text built a batch at a time, without a Python step for each cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.decimals import WIDTH, six_decimals
from bioassay_mtl.screening.writers.base import Layout

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
    ) -> bytes:
        """The text of n records.

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
        records = []
        for head, has_numbers in zip(heads, ok.tolist(), strict=True):
            if has_numbers:
                records.append(text[at : at + width].replace(HEAD, head))
                at += width
            else:
                records.append(self.blank.replace(HEAD, head))
        return b"".join(records)

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
    ) -> bytes:
        """The text of n records, as :meth:`RowTemplate.render`."""
        rows = zip(heads, ok.tolist(), predictions.tolist(), strict=True)
        records = [
            (self._row % tuple(numbers) if has_numbers else self.blank).encode().replace(HEAD, head)
            for head, has_numbers, numbers in rows
        ]
        return b"".join(records)


def row_template(
    literals: Sequence[bytes], blank: bytes, layout: Layout
) -> RowTemplate | ValueTemplate:
    """The quickest template for the columns of a layout."""
    if any(layout.is_value):
        return ValueTemplate(literals, blank, layout.is_value)
    return RowTemplate(literals, blank)


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
        self.sink.write(self.template.render(self.heads(batch), batch.ok, batch.probabilities))

    def close(self) -> None:
        pass
