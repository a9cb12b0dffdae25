"""An output format: a table of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import BesideColumn
from bioassay_mtl.screening.writers.base import Columns, Format, Layout, formats


def _line(cells: Sequence[object]) -> bytes:
    return ("| " + " | ".join(map(str, cells)) + " |\n").encode()


class MarkdownWriter:
    def __init__(self, sink: BinaryIO, layout: Layout) -> None:
        self.sink = sink
        names = ["id", *layout.assays]
        sink.write(_line(names) + _line(["---"] * len(names)))

    def write(self, batch: ScreenedBatch) -> None:
        for name, row in zip(batch.ids, batch.probabilities.tolist(), strict=True):
            self.sink.write(_line([name, *(f"{value:.3f}" for value in row)]))

    def close(self) -> None:
        pass


def write_table(sink: BinaryIO, columns: Sequence[BesideColumn], parts: Iterable[Columns]) -> None:
    names = [column.name for column in columns]
    sink.write(_line(names) + _line(["---"] * len(names)))
    for part in parts:
        for row in zip(*(part[name] for name in names), strict=True):
            sink.write(_line(row))


formats.register("toy_markdown")(Format(".md", MarkdownWriter, write_table))
