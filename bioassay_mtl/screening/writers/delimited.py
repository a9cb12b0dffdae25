"""Comma- and tab-separated text."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain
from typing import Any, BinaryIO

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.writers.base import Columns, Format, Layout, formats
from bioassay_mtl.screening.writers.text import HEAD, TextWriter, row_template


class DelimitedWriter(TextWriter):
    """Fields are quoted where they must be (RFC 4180), lines end in a line feed."""

    def __init__(self, sink: BinaryIO, layout: Layout, *, delimiter: str) -> None:
        super().__init__(sink, layout)
        self.delimiter = delimiter
        self._special = re.compile(f'[{delimiter}"\r\n]')
        comma = delimiter.encode()
        if layout.long:
            lines = [HEAD + assay.encode() + comma for assay in self._quoted(layout.assays)]
            literals = [lines[0], *(b"\n" + line for line in lines[1:]), b"\n"]
            blank = HEAD + comma + b"\n"
        else:
            literals = [HEAD, *[comma] * (len(layout.assays) - 1), b"\n"]
            blank = b"".join(literals)
        self.template = row_template(literals, blank, layout)
        sink.write((delimiter.join(self._quoted(layout.columns)) + "\n").encode())

    def heads(self, batch: ScreenedBatch) -> Iterable[bytes]:
        d = self.delimiter
        file = "".join(self._quoted([batch.file])) + d if self.layout.with_file else ""
        fields = zip(
            batch.rows,
            self._quoted(batch.ids),
            self._quoted(batch.smiles),
            batch.status_names(),
            batch.known_names(),
            strict=True,
        )
        return [
            f"{row}{d}{file}{id}{d}{smiles}{d}{status}{d}{known}{d}".encode()
            for row, id, smiles, status, known in fields
        ]

    def _quoted(self, fields: Sequence[str]) -> Sequence[str]:
        fields, search = self.layout.guard(fields), self._special.search
        if not search("".join(fields)):
            return fields
        return ['"' + f.replace('"', '""') + '"' if search(f) else f for f in fields]


def write_table(
    sink: BinaryIO, names: Sequence[str], parts: Iterable[Columns], *, delimiter: str
) -> None:
    """Rows of some names; probabilities get six decimals, values seven digits."""
    number = "%.7g" if "prediction" in names else "%.6f"
    rows = chain.from_iterable(zip(*columns.values(), strict=True) for columns in parts)
    lines = csv.writer(_Encoded(sink), delimiter=delimiter, lineterminator="\n")
    lines.writerow(names)
    lines.writerows([_text(cell, number) for cell in row] for row in rows)


class _Encoded:
    """Takes text for a stream of bytes, a line at a time."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink

    def write(self, text: str, /) -> int:
        return self._sink.write(text.encode())


def _text(cell: Any, number: str) -> Any:
    if isinstance(cell, bool):
        return str(cell).lower()
    return number % cell if isinstance(cell, float) else cell


for _name, _delimiter in (("csv", ","), ("tsv", "\t")):
    formats.register(_name)(
        Format(
            f".{_name}",
            partial(DelimitedWriter, delimiter=_delimiter),
            partial(write_table, delimiter=_delimiter),
            for_spreadsheets=True,
        )
    )
