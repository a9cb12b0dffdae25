"""The best molecules of each assay, found in one pass with bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.writers import Format, Layout
from bioassay_mtl.screening.writers.base import KNOWN


class TopWriter:
    """Writes ``assay,rank,row,[file,]id,smiles,in_training,probability``, ranked within each assay.

    The last column is ``prediction`` where some are values.

    Parameters
    ----------
    sink, layout
        As for any writer.
    k
        Molecules written for each assay.
    file_format
        What the table is written as.
    """

    def __init__(self, sink: BinaryIO, layout: Layout, k: int, file_format: Format) -> None:
        self._sink = sink
        self._layout = layout
        self._format = file_format
        self._hits = TopHits(layout.assays, k)

    def write(self, batch: ScreenedBatch) -> None:
        self._hits.add(batch)

    def close(self) -> None:
        table = self._hits.table()
        table[self._layout.predicted] = table.pop("probability")
        if not self._layout.with_file:
            del table["file"]
        if self._format.for_spreadsheets:
            for name in table.keys() & {"assay", "file", "id", "smiles"}:
                table[name] = list(self._layout.guard(table[name]))
        self._format.write_table(self._sink, table)


class TopHits:
    """Keeps the ``k`` molecules of highest probability, or value, for each assay.

    Among equal probabilities the earlier row wins, so that batches and workers change nothing.

    Parameters
    ----------
    assays
        Names of the t assays, in the order of the probabilities' columns.
    k
        Molecules kept for each.
    """

    def __init__(self, assays: Sequence[str], k: int) -> None:
        self.assays = tuple(assays)
        self.k = k
        self._probability = np.full((len(assays), k), -np.inf, dtype=np.float32)
        self._row = np.zeros((len(assays), k), dtype=np.int64)  # 0 marks an unused place
        self._molecule: dict[int, tuple[str, str, str, bool | None]] = {}

    def add(self, batch: ScreenedBatch) -> None:
        """Take in the next batch of rows."""
        better = batch.probabilities > self._probability[:, -1]
        better &= batch.may_be_hits[:, None]
        for assay in np.flatnonzero(better.any(axis=0)):
            new = np.flatnonzero(better[:, assay])
            probability = np.append(self._probability[assay], batch.probabilities[new, assay])
            row = np.append(self._row[assay], new + batch.first_row)
            best = np.argsort(-probability, kind="stable")[: self.k]
            self._probability[assay], self._row[assay] = probability[best], row[best]
        for row in np.unique(self._row[self._row >= batch.first_row]).tolist():
            at = row - batch.first_row
            known = batch.is_known(at)
            self._molecule[row] = batch.file, batch.ids[at], batch.smiles[at], known
        if len(self._molecule) > 2 * self._row.size:
            kept = set(self._row.ravel().tolist())
            self._molecule = {row: m for row, m in self._molecule.items() if row in kept}

    def table(self) -> dict[str, list[Any]]:
        """The hits by assay, best first, as named columns."""
        names = ("assay", "rank", "row", "file", "id", "smiles", KNOWN, "probability")
        columns: dict[str, list[Any]] = {name: [] for name in names}
        for assay, rows, probabilities in zip(
            self.assays, self._row.tolist(), self._probability.tolist(), strict=True
        ):
            for rank, (row, probability) in enumerate(zip(rows, probabilities, strict=True), 1):
                if row:
                    hit = (assay, rank, row, *self._molecule[row], probability)
                    for name, value in zip(names, hit, strict=True):
                        columns[name].append(value)
        return columns
