"""The best molecules of each assay, found in one pass with bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import repeat
from json import dumps, loads
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import Beside, BesideColumn, of_cells, of_record
from bioassay_mtl.screening.spill import SpilledMolecule, SpilledMolecules
from bioassay_mtl.screening.writers import Format, Layout
from bioassay_mtl.screening.writers.base import KNOWN, Columns

MOST_HITS = 8_000_000
"""Hits of all assays together; each takes 20 bytes of memory, and four times that at times."""

ROWS_AT_ONCE = 16_384
BYTES_AT_ONCE = 8_000_000
"""Rows and bytes of the table that are written at once, whichever comes first."""

Tell = Callable[[Sequence[str]], Beside]


class TopWriter:
    """Writes ``assay,rank,row,[file,]id,smiles,in_training,probability``, ranked within each assay.

    The last column is ``prediction`` where some are values. What stands beside predictions follows
    ``in_training``, or where assays have it, that last column.

    Parameters
    ----------
    sink, layout
        See any writer.
    k
        Molecules written for each assay.
    file_format
        Format of the table.
    folder
        Folder for hits that are too many for memory; the system's for temporary files when None.
    """

    def __init__(
        self,
        sink: BinaryIO,
        layout: Layout,
        k: int,
        file_format: Format,
        folder: Path | None = None,
    ) -> None:
        self._sink = sink
        self._layout = layout
        self._format = file_format
        self._hits = TopHits(layout.assays, k, folder, layout.beside, layout.lowest)

    def write(self, batch: ScreenedBatch) -> None:
        self._hits.add(batch)

    def complete(self, tell: Tell) -> None:
        """Have told of the hits what batches left out, before :meth:`close`."""
        self._hits.complete(tell)

    def close(self) -> None:
        columns = ranked_columns(self._layout)
        parts = (shown(self._layout, self._format, columns, part) for part in self._hits.tables())
        self._format.write_table(self._sink, columns, parts)
        self._hits.close()


def shown(
    layout: Layout, file_format: Format, columns: Sequence[BesideColumn], part: Columns
) -> Columns:
    """Hits to show, as they are written."""
    cells = {**part, layout.predicted: part["probability"]}
    if file_format.for_spreadsheets:
        for column in columns:
            if column.kind == "text":
                texts = ["" if text is None else text for text in cells[column.name]]
                cells[column.name] = layout.guard(texts)
    return {column.name: cells[column.name] for column in columns}


def ranked_columns(layout: Layout) -> list[BesideColumn]:
    """Columns of a table of the best molecules of each assay."""
    texts = ("file", "id", "smiles") if layout.with_file else ("id", "smiles")
    return [
        BesideColumn("assay", "text"),
        BesideColumn("rank", "count"),
        BesideColumn("row", "count"),
        *(BesideColumn(name, "text") for name in texts),
        BesideColumn(KNOWN, "flag"),
        *layout.of_molecules,
        BesideColumn(layout.predicted, "number" if any(layout.is_value) else "decimals"),
        *layout.of_assays,
    ]


class TopHits:
    """Keeps the ``k`` molecules of highest probability, or best value, for each assay.

    Among equal probabilities the earlier row wins, so that batches and workers change nothing.

    Parameters
    ----------
    assays
        Names of the t assays, in the order of the probabilities' columns.
    k
        Molecules kept for each.
    folder
        See :class:`SpilledMolecules`.
    beside
        Columns that stand beside predictions.
    lowest
        Names of the assays of which the lowest values are the best.
    """

    def __init__(
        self,
        assays: Sequence[str],
        k: int,
        folder: Path | None = None,
        beside: Sequence[BesideColumn] = (),
        lowest: Collection[str] = (),
    ) -> None:
        self.assays, self._beside = tuple(assays), tuple(beside)
        self._sign = np.array([-1 if each in lowest else 1 for each in assays], dtype=np.float32)
        self.k = k
        self._score = np.empty((len(assays), 0), dtype=np.float32)  # times the sign
        self._row = np.empty((len(assays), 0), dtype=np.int64)  # 0 marks an unused place
        self._place = np.empty((len(assays), 0), dtype=np.int64)  # among the molecules
        self._molecules = SpilledMolecules(folder)

    def add(self, batch: ScreenedBatch) -> None:
        """Take in the next batch of rows.

        Raises
        ------
        ConfigError
            There are so many hits that memory could not hold their numbers.
        OutputError
            Their molecules cannot be written to a temporary file.
        """
        self._widen(batch.rows.stop - 1)
        better = batch.probabilities * self._sign > self._score[:, -1]
        better &= batch.may_be_hits[:, None]
        for assay in np.flatnonzero(better.any(axis=0)).tolist():
            self._insert(assay, np.flatnonzero(better[:, assay]), batch)
        new = self._row >= batch.first_row
        rows, which = np.unique(self._row[new], return_inverse=True)
        at = rows - batch.first_row
        beside: Iterable[str] = repeat("")
        if self._beside:
            of = [np.flatnonzero((self._row == row).any(axis=1)) for row in rows.tolist()]
            beside = said_of(self._beside, batch, at, of)
        self._place[new] = noted(self._molecules, batch, at, beside)[which]
        if self._molecules.is_wasteful:
            self._forget()

    def tables(self) -> Iterator[Columns]:
        """The hits by assay, best first, as named columns of some rows at a time."""
        names = [*HIT_NAMES, *(column.name for column in self._beside)]
        hits = list[tuple[Any, ...]]()
        n_bytes = 0
        for number, assay in enumerate(self.assays):
            for at in range(np.count_nonzero(self._row[number])):
                molecule = self._molecules[int(self._place[number, at])]
                row, score = int(self._row[number, at]), self._score[number, at]
                probability = float(score * self._sign[number])
                beside = told_of(self._beside, molecule, number)
                hits.append((assay, at + 1, row, *molecule[:-1], probability, *beside))
                n_bytes += len(molecule.id) + len(molecule.smiles)
                if len(hits) == ROWS_AT_ONCE or n_bytes > BYTES_AT_ONCE:
                    yield dict(zip(names, map(list, zip(*hits, strict=True)), strict=True))
                    hits, n_bytes = [], 0
        if hits:
            yield dict(zip(names, map(list, zip(*hits, strict=True)), strict=True))

    def complete(self, tell: Tell) -> None:
        """Have told what batches left out."""
        used = self._row > 0
        self._place[used] = completed(self._molecules, self._place[used], self._beside, tell)

    def close(self) -> None:
        """Give back what the molecules take."""
        self._molecules.close()

    def _widen(self, n_rows: int) -> None:
        """Make room for all rows so far, as far as `k` needs it."""
        has = self._row.shape[1]
        needed = min(self.k, n_rows)
        if has >= needed:
            return
        if needed * len(self.assays) > MOST_HITS:
            raise ConfigError(
                f"top {self.k:,} of {len(self.assays):,} columns: more than {MOST_HITS:,} hits "
                "would be ranked (ask for fewer, choose fewer assays, or write the full table)"
            )
        width = max(n_rows, min(2 * has, MOST_HITS // len(self.assays)))
        more = ((0, 0), (0, min(self.k, width) - has))
        self._score = np.pad(self._score, more, constant_values=-np.inf)
        self._row, self._place = np.pad(self._row, more), np.pad(self._place, more)

    def _insert(self, assay: int, new: NDArray[np.int64], batch: ScreenedBatch) -> None:
        n = self._row.shape[1]
        own = batch.probabilities[new, assay] * self._sign[assay]
        score = np.append(self._score[assay], own)
        best = np.argsort(-score, kind="stable")[:n]
        self._score[assay] = score[best]
        self._row[assay] = np.append(self._row[assay], new + batch.first_row)[best]
        self._place[assay] = np.append(self._place[assay], new)[best]

    def _forget(self) -> None:
        """Keep only molecules that are hits."""
        used = self._row > 0
        kept, which = np.unique(self._place[used], return_inverse=True)
        self._place[used] = self._molecules.keep(kept)[which]


HIT_NAMES = ("assay", "rank", "row", "file", "id", "smiles", KNOWN, "probability")
"""Columns of hits, less those beside them."""


def noted(
    molecules: SpilledMolecules,
    batch: ScreenedBatch,
    rows: NDArray[np.int64],
    beside: Iterable[str],
) -> NDArray[np.int64]:
    """Places that some rows of a batch have found among the molecules.

    Parameters
    ----------
    molecules
        They take the rows.
    batch, rows
        ``(m,)``: places within the batch.
    beside
        Texts of :func:`said_of` them, or as many empty texts.
    """
    found = (
        SpilledMolecule(batch.file, batch.ids[at], batch.smiles[at], batch.is_known(at), more)
        for at, more in zip(rows.tolist(), beside, strict=False)
    )
    return np.fromiter(map(molecules.add, found), np.int64, len(rows))


def said_of(
    columns: Sequence[BesideColumn],
    batch: ScreenedBatch,
    rows: NDArray[np.int64],
    assays: Sequence[NDArray[np.int64]],
) -> list[str]:
    """Values beside some rows, as far as told, as JSON: of the molecule, and of assays of each."""
    said, columns = [], [column for column in columns if column.name in batch.beside]
    for at, own in zip(rows.tolist(), assays, strict=True):
        of_assays = of_cells(columns, batch.beside, at, own)
        cells = dict(zip(map(str, own.tolist()), of_assays, strict=True))
        said.append(dumps([of_record(columns, batch.beside, at), cells]))
    return said


def completed(
    molecules: SpilledMolecules,
    places: NDArray[np.int64],
    columns: Sequence[BesideColumn],
    tell: Tell,
) -> NDArray[np.int64]:
    """New places of molecules once the values beside them are complete; all others are forgotten.

    Parameters
    ----------
    molecules
        Molecules of which some are in use.
    places
        ``(m,)``: places in use, some several times.
    columns
        Columns that stand beside predictions.
    tell
        Cells beside hits that batches leave out, from the SMILES of some.
    """

    def change(some: Sequence[SpilledMolecule]) -> Iterator[SpilledMolecule]:
        said = [loads(each.beside) for each in some]
        own = [column for column in columns if not column.of_assays]
        lacking = [n for n, (cells, _) in enumerate(said) if len(cells) < len(own)]
        found = tell([some[n].smiles for n in lacking]) if lacking else {}
        for column in own:
            if column.name in found:
                for n, value in zip(lacking, column.plain(found[column.name]), strict=True):
                    said[n][0][column.name] = value
        return (m._replace(beside=dumps(c)) for m, c in zip(some, said, strict=True))

    kept, which = np.unique(places, return_inverse=True)
    return molecules.changed(kept, change)[which]


def told_of(columns: Sequence[BesideColumn], molecule: SpilledMolecule, assay: int) -> list[Any]:
    """Cells beside a hit, in order."""
    if not columns:
        return []
    own, of_assays = loads(molecule.beside)
    cells = {**own, **of_assays[str(assay)]}
    return [cells[column.name] for column in columns]
