"""One JSON object a line; what is not there is null."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, BinaryIO

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import BesideColumn
from bioassay_mtl.screening.writers.base import KNOWN, Columns, Format, Layout, formats
from bioassay_mtl.screening.writers.text import HEAD
from bioassay_mtl.screening.writers.text_writer import TextWriter

dumps = partial(json.dumps, ensure_ascii=False)


class JsonLinesWriter(TextWriter):
    """Keys are the columns of the other formats."""

    nothing = b"null"

    def __init__(self, sink: BinaryIO, layout: Layout) -> None:
        head, *rest = (b"%s: " % dumps(name).encode() for name in _numbered(layout))
        if layout.long:
            names = [b'"assay": %s, ' % dumps(assay).encode() for assay in layout.assays]
            beside = [b", " + name for name in rest]
            opened = [HEAD + names[0] + head, *(b"}\n" + HEAD + n + head for n in names[1:])]
            literals = [part for line in opened for part in (line, *beside)]
            literals.append(b"}\n")
            cells = b"".join(b"%snull" % name for name in (head, *beside))
            blank = HEAD + b'"assay": null, ' + cells + b"}\n"
        else:
            literals = [HEAD + head, *(b", " + name for name in rest), b"}\n"]
            blank = b"null".join(literals)
        super().__init__(sink, layout, literals, blank)
        self._keys = [dumps(column.name) for column in layout.of_molecules]

    def heads(self, batch: ScreenedBatch) -> Iterable[bytes]:
        file = f'"file": {dumps(batch.file)}, ' if self.layout.with_file else ""
        fields = zip(
            batch.rows,
            batch.ids,
            batch.smiles,
            batch.status_names(),
            batch.known_names(),
            self.beside(batch),
            strict=True,
        )
        return [
            f'{{"row": {row}, {file}"id": {dumps(id)}, "smiles": {dumps(smiles)}, '
            f'"status": "{status}", "{KNOWN}": {known or "null"}, {beside}'.encode()
            for row, id, smiles, status, known, beside in fields
        ]

    def quoted(self, texts: Sequence[str]) -> Sequence[str]:
        return [dumps(text) for text in texts]

    def told(self, cells: Sequence[str]) -> str:
        return "".join(f"{key}: {cell}, " for key, cell in zip(self._keys, cells, strict=True))


def _numbered(layout: Layout) -> list[str]:
    """Names of what follows the leading columns, and the assay's in a long table."""
    names = layout.columns[len(layout.leading) :]
    return names[1:] if layout.long else names


def write_table(sink: BinaryIO, columns: Sequence[BesideColumn], parts: Iterable[Columns]) -> None:
    """Rows of a table."""
    names = [column.name for column in columns]
    for part in parts:
        for row in zip(*(_rounded(column, part[column.name]) for column in columns), strict=True):
            sink.write((dumps(dict(zip(names, row, strict=True))) + "\n").encode())


def _rounded(column: BesideColumn, cells: Iterable[Any]) -> list[Any]:
    """Numbers with the digits that text has."""
    return [float(column.shown(cell)) if isinstance(cell, float) else cell for cell in cells]


formats.register("jsonl")(Format(".jsonl", JsonLinesWriter, write_table))
