"""Comma- and tab-separated text."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, BinaryIO

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import BesideColumn
from bioassay_mtl.screening.writers.base import Columns, Format, Layout, formats
from bioassay_mtl.screening.writers.text import HEAD
from bioassay_mtl.screening.writers.text_writer import TextWriter


class DelimitedWriter(TextWriter):
    """Fields are quoted where they must be (RFC 4180), lines end in a line feed."""

    nothing = b""

    def __init__(self, sink: BinaryIO, layout: Layout, *, delimiter: str) -> None:
        self.layout, self.delimiter = layout, delimiter
        self._special = re.compile(f'[{delimiter}"\r\n]')
        comma, n_beside = delimiter.encode(), len(layout.of_assays)
        if layout.long:
            lines = [HEAD + assay.encode() + comma for assay in self.quoted(layout.assays)]
            starts = [lines[0], *(b"\n" + line for line in lines[1:])]
            literals = [part for start in starts for part in (start, *[comma] * n_beside)]
            literals.append(b"\n")
            blank = HEAD + comma * (1 + n_beside) + b"\n"
        else:
            n_cells = len(layout.assays) * (1 + n_beside)
            literals = [HEAD, *[comma] * (n_cells - 1), b"\n"]
            blank = b"".join(literals)
        super().__init__(sink, layout, literals, blank)
        sink.write((delimiter.join(self.quoted(layout.columns)) + "\n").encode())

    def heads(self, batch: ScreenedBatch) -> Iterable[bytes]:
        d = self.delimiter
        file = "".join(self.quoted([batch.file])) + d if self.layout.with_file else ""
        fields = zip(
            batch.rows,
            self.quoted(batch.ids),
            self.quoted(batch.smiles),
            batch.status_names(),
            batch.known_names(),
            self.beside(batch),
            strict=True,
        )
        return [
            f"{row}{d}{file}{id}{d}{smiles}{d}{status}{d}{known}{d}{beside}".encode()
            for row, id, smiles, status, known, beside in fields
        ]

    def quoted(self, texts: Sequence[str]) -> Sequence[str]:
        texts, search = self.layout.guard(texts), self._special.search
        if not search("".join(texts)):
            return texts
        return ['"' + t.replace('"', '""') + '"' if search(t) else t for t in texts]

    def told(self, cells: Sequence[str]) -> str:
        return "".join(cell + self.delimiter for cell in cells)


def write_table(
    sink: BinaryIO, columns: Sequence[BesideColumn], parts: Iterable[Columns], *, delimiter: str
) -> None:
    """Rows of a table."""
    lines = csv.writer(_Encoded(sink), delimiter=delimiter, lineterminator="\n")
    lines.writerow([column.name for column in columns])
    for part in parts:
        lines.writerows(
            zip(*(_texts(column, part[column.name]) for column in columns), strict=True)
        )


class _Encoded:
    """Takes text for a stream of bytes, a line at a time."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink

    def write(self, text: str, /) -> int:
        return self._sink.write(text.encode())


def _texts(column: BesideColumn, cells: Iterable[Any]) -> list[str]:
    return ["" if cell is None else column.shown(cell) for cell in cells]


for _name, _delimiter in (("csv", ","), ("tsv", "\t")):
    formats.register(_name)(
        Format(
            f".{_name}",
            partial(DelimitedWriter, delimiter=_delimiter),
            partial(write_table, delimiter=_delimiter),
            for_spreadsheets=True,
        )
    )
