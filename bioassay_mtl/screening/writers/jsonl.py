"""One JSON object a line; what is not there is null."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain
from typing import BinaryIO

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.writers.base import KNOWN, Columns, Format, Layout, formats
from bioassay_mtl.screening.writers.text import HEAD, TextWriter, row_template

dumps = partial(json.dumps, ensure_ascii=False)


class JsonLinesWriter(TextWriter):
    """Keys are the columns of the other formats."""

    def __init__(self, sink: BinaryIO, layout: Layout) -> None:
        super().__init__(sink, layout)
        names = [dumps(assay).encode() for assay in layout.assays]
        if layout.long:
            key = layout.predicted.encode()
            opened = [HEAD + b'"assay": %s, "%s": ' % (name, key) for name in names]
            literals = [opened[0], *(b"}\n" + line for line in opened[1:]), b"}\n"]
            blank = HEAD + b'"assay": null, "%s": null}\n' % key
        else:
            literals = [HEAD + names[0] + b": ", *(b", %s: " % n for n in names[1:]), b"}\n"]
            blank = b"null".join(literals)
        self.template = row_template(literals, blank, layout)

    def heads(self, batch: ScreenedBatch) -> Iterable[bytes]:
        file = f'"file": {dumps(batch.file)}, ' if self.layout.with_file else ""
        fields = zip(
            batch.rows,
            batch.ids,
            batch.smiles,
            batch.status_names(),
            batch.known_names(),
            strict=True,
        )
        return [
            f'{{"row": {row}, {file}"id": {dumps(id)}, "smiles": {dumps(smiles)}, '
            f'"status": "{status}", "{KNOWN}": {known or "null"}, '.encode()
            for row, id, smiles, status, known in fields
        ]


def write_table(sink: BinaryIO, names: Sequence[str], parts: Iterable[Columns]) -> None:
    """Rows of some names; probabilities get six decimals, values seven digits."""

    def shown(cell: float) -> float:
        return float(f"{cell:.7g}") if "prediction" in names else round(cell, 6)

    for row in chain.from_iterable(zip(*columns.values(), strict=True) for columns in parts):
        cells = (shown(cell) if isinstance(cell, float) else cell for cell in row)
        sink.write((dumps(dict(zip(names, cells, strict=True))) + "\n").encode())


formats.register("jsonl")(Format(".jsonl", JsonLinesWriter, write_table))
