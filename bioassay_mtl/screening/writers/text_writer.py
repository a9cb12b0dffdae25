"""The base of the formats that are text: predictions in rows, and what stands beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice, repeat
from typing import Any, BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import BesideColumn
from bioassay_mtl.screening.decimals import MOST, WIDTH
from bioassay_mtl.screening.writers.base import Layout
from bioassay_mtl.screening.writers.text import (
    BYTES_AT_ONCE,
    GONE,
    MixedTemplate,
    RowTemplate,
    ValueTemplate,
    joined,
    word,
)

CELLS_AT_ONCE = 500_000
"""Numbers that are made text at a time."""

RECORDS_APART = 32
"""Records that are written cell by cell where one of them has a long text."""


class TextWriter:
    """A template of the record, and the heads that go into it.

    Parameters
    ----------
    sink, layout
        See any writer.
    literals, blank
        See :class:`RowTemplate`.
    """

    nothing: ClassVar[bytes]
    """Text of a cell without a value."""

    def __init__(
        self, sink: BinaryIO, layout: Layout, literals: Sequence[bytes], blank: bytes
    ) -> None:
        self.sink, self.layout = sink, layout
        self._n_cells = len(layout.assays) * (1 + len(layout.of_assays))
        self._template: RowTemplate | ValueTemplate | None = None
        if not layout.of_assays:
            self._template = (
                ValueTemplate(literals, blank, layout.is_value)
                if any(layout.is_value)
                else RowTemplate(literals, blank)
            )
            return
        self._mixed = MixedTemplate(literals, blank, self._in_order(self._shown()))
        are_short = all(column.kind in ("decimals", "text") for column in layout.of_assays)
        if are_short and not any(layout.is_value) and GONE not in b"".join(literals):
            self._template = RowTemplate(literals, blank, self.nothing)

    def heads(self, batch: ScreenedBatch) -> Iterable[bytes]:
        """The leading columns of each record."""
        raise NotImplementedError

    def quoted(self, texts: Sequence[str]) -> Sequence[str]:
        """Texts that stand in one cell each."""
        raise NotImplementedError

    def write(self, batch: ScreenedBatch) -> None:
        heads = iter(self.heads(batch))
        rows = max(1, CELLS_AT_ONCE // self._n_cells)
        for start in range(0, len(batch), rows):
            part = slice(start, start + rows)
            records = self._records(islice(heads, rows), batch, part)
            for text in joined(records, BYTES_AT_ONCE):
                self.sink.write(text)

    def close(self) -> None:
        pass

    def told(self, cells: Sequence[str]) -> str:
        """The end of a record's head: cells of columns beside predictions, less those of assays."""
        raise NotImplementedError

    def beside(self, batch: ScreenedBatch) -> Iterable[str]:
        """The end of the head of each record."""
        if not self.layout.of_molecules:
            return repeat("", len(batch))
        columns = (
            self._texts(column, column.plain(batch.beside[column.name]))
            for column in self.layout.of_molecules
        )
        return map(self.told, zip(*columns, strict=True))

    def _texts(self, column: BesideColumn, values: Sequence[Any]) -> list[str]:
        """All cells of a column at once: text is looked at as a whole before it is cell by cell."""
        nothing = self.nothing.decode()
        texts: Sequence[str] = ["" if value is None else column.shown(value) for value in values]
        if column.kind == "text":
            texts = self.quoted(texts)
        return [nothing if v is None else text for v, text in zip(values, texts, strict=True)]

    def _records(
        self, heads: Iterable[bytes], batch: ScreenedBatch, part: slice
    ) -> Iterator[bytes]:
        """The text of some records."""
        ok, predictions = batch.ok[part], batch.probabilities[part]
        if not self.layout.of_assays:
            assert self._template is not None
            return self._template.render(heads, ok, predictions)
        beside = [batch.beside[column.name][part] for column in self.layout.of_assays]
        if isinstance(self._template, RowTemplate):
            words = [
                self._words(*each, ok) for each in zip(self.layout.of_assays, beside, strict=True)
            ]
            found = [each.T for each in words if each is not None]
            if len(found) == len(words):
                columns = self._in_order([self._template.words(predictions[ok]).T, *found])
                return self._template.render_words(heads, ok, np.stack(columns, axis=1))
            if len(ok) > RECORDS_APART:
                starts = range(part.start, part.start + len(ok), RECORDS_APART)
                parts = [slice(at, min(at + RECORDS_APART, part.start + len(ok))) for at in starts]
                heads = iter(heads)
                few = (islice(heads, RECORDS_APART) for _ in parts)
                records = map(self._records, few, repeat(batch), parts)
                return chain.from_iterable(records)
        plain = [
            [column.plain(cells) for cells in own.T]
            for column, own in zip(self.layout.of_assays, beside, strict=True)
        ]
        return self._mixed.render(heads, ok, self._in_order([predictions.T.tolist(), *plain]))

    def _words(
        self, column: BesideColumn, cells: NDArray[Any], ok: NDArray[np.bool_]
    ) -> NDArray[np.uint64] | None:
        """Cells of the records that are ok in eight characters each; None where some are longer."""
        assert isinstance(self._template, RowTemplate)
        if column.kind == "decimals":
            return self._template.words(cells[ok]) if _fit(cells) else None
        cells = cells[ok]
        found = np.full(cells.shape, word(self.nothing))
        there = cells.astype(np.bool_)
        texts: list[str] = cells[there].tolist()
        each = [*{*texts}]
        short = {text: shown.encode() for text, shown in zip(each, self.quoted(each), strict=True)}
        if any(len(text) > WIDTH or GONE in text for text in short.values()):
            return None
        found[there] = np.array(
            [*map({t: word(s) for t, s in short.items()}.__getitem__, texts)], np.uint64
        )
        return found

    def _in_order(self, columns: Sequence[Any]) -> list[Any]:
        """Cells of a record in the order of the table: predictions, then what each assay has.

        Each has one of t assays, predictions first.
        """
        predictions, *beside = columns
        if self.layout.long:
            return [each[assay] for assay in range(len(predictions)) for each in columns]
        return [*predictions, *(own[a] for a in range(len(predictions)) for own in beside)]

    def _shown(self) -> list[list[Callable[[Any], str]]]:
        digits = ("%.7g" if value else "%.6f" for value in self.layout.is_value)
        found: list[list[Callable[[Any], str]]] = [[each.__mod__ for each in digits]]
        n_assays = len(self.layout.assays)
        found += ([partial(self._text, column)] * n_assays for column in self.layout.of_assays)
        return found

    def _text(self, column: BesideColumn, value: Any) -> str:
        if value is None:
            return self.nothing.decode()
        text = column.shown(value)
        return self.quoted([text])[0] if column.kind == "text" else text


def _fit(cells: NDArray[np.float32]) -> bool:
    """Whether all cells that are there have eight characters."""
    there = cells[~np.isnan(cells)]
    return not len(there) or bool(there.min() >= 0 and there.max() <= MOST)
