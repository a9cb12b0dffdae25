"""Molecules selected with an error rate: of those of an assay, few are expected to be inactive.

A molecule's p-value tells how often an inactive one is said to be as active
(:mod:`bioassay_mtl.screening.annotators.p_value`); Benjamini and Hochberg's procedure over the
whole library, assay by assay, then selects as many as may be
(:mod:`bioassay_mtl.confidence.selection`). The promise, on average over libraries: of the molecules
selected for an assay, at most the wanted share is inactive, if the inactive ones are as those of
the panel were. It does not hold for molecules of another kind, nor for one who picks the best of
many assays afterwards. Molecules that the model was trained on are never selected: what was
measured of them is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.spill import SpilledMolecules, spooled, worded
from bioassay_mtl.screening.top import (
    HIT_NAMES,
    Tell,
    completed,
    noted,
    ranked_columns,
    said_of,
    shown,
    told_of,
)
from bioassay_mtl.screening.writers import Format, Layout
from bioassay_mtl.screening.writers.base import Columns

ROWS_AT_ONCE = 16_384
P_VALUE = "p_value"

_CANDIDATE = np.dtype(
    [("assay", "<i4"), ("row", "<i8"), ("place", "<i8"), ("p", "<f4"), ("probability", "<f4")]
)


class SelectWriter:
    """Writes what is selected as :class:`~bioassay_mtl.screening.top.TopWriter` writes the best.

    Candidates wait on the disk: 28 bytes for an assay, and the molecule's text.

    Parameters
    ----------
    sink, layout
        See any writer.
    rate
        Largest expected share of inactive molecules among those selected for an assay.
    file_format, folder
        See :class:`~bioassay_mtl.screening.top.TopWriter`.
    """

    def __init__(
        self,
        sink: BinaryIO,
        layout: Layout,
        rate: float,
        file_format: Format,
        folder: Path | None = None,
    ) -> None:
        self._sink, self._layout, self._format = sink, layout, file_format
        self._folder, self._rate = folder, rate
        self._molecules = SpilledMolecules(folder)
        self._candidates = spooled(folder)
        self._counts: list[dict[float, int]] = [{} for _ in layout.assays]
        self._n_tested = self._n_candidates = self.n_selected = 0
        self.inactive = 0.0
        """Share of the selected hits that are inactive, as their probabilities have it."""

    def write(self, batch: ScreenedBatch) -> None:
        tested = batch.ok if batch.in_training is None else batch.ok & ~batch.in_training
        self._n_tested += int(tested.sum())
        p = np.asarray(batch.beside[P_VALUE])
        row, assay = np.nonzero((p <= self._rate) & tested[:, None])  # no other can be selected
        if not len(row):
            return
        self._count(assay, p[row, assay])
        rows, which = np.unique(row, return_inverse=True)
        of = [assay[row == each] for each in rows.tolist()]
        beside = said_of(self._layout.beside, batch, rows, of)
        found = np.empty(len(row), _CANDIDATE)
        found["assay"], found["row"] = assay, batch.first_row + row
        found["p"], found["probability"] = p[row, assay], batch.probabilities[row, assay]
        found["place"] = noted(self._molecules, batch, rows, beside)[which]
        with worded(self._folder, self._n_candidates * _CANDIDATE.itemsize):
            self._candidates.write(found.tobytes())
        self._n_candidates += len(found)

    def complete(self, tell: Tell) -> None:
        """See :class:`~bioassay_mtl.screening.top.TopWriter`."""
        places = completed(self._molecules, self._selected["place"], self._layout.beside, tell)
        self._selected["place"] = places

    def close(self) -> None:
        columns = ranked_columns(self._layout)
        parts = (shown(self._layout, self._format, columns, part) for part in self._tables())
        self._format.write_table(self._sink, columns, parts)
        self._molecules.close()
        self._candidates.close()

    def _count(self, assay: NDArray[np.int64], p: NDArray[np.float32]) -> None:
        keys = assay << 32 | np.ascontiguousarray(p).view(np.uint32)
        found, counts = np.unique(keys, return_counts=True)
        values = (found & 0xFFFFFFFF).astype(np.uint32).view(np.float32)
        cells = zip((found >> 32).tolist(), values.tolist(), counts.tolist(), strict=True)
        for number, value, count in cells:
            own = self._counts[number]
            own[value] = own.get(value, 0) + count

    def _largest(self) -> NDArray[np.float64]:
        """The largest p-value that is selected in each assay; -1 where none is."""
        found = np.full(len(self._counts), -1.0)
        for assay, counts in enumerate(self._counts):
            n = 0
            for p in sorted(counts):
                n += counts[p]
                if p <= self._rate * n / self._n_tested:
                    found[assay] = p
        return found

    @cached_property
    def _selected(self) -> NDArray[Any]:
        """The selected candidates, by assay and probability."""
        largest, kept = self._largest(), list[NDArray[Any]]()
        self._candidates.seek(0)
        while data := self._candidates.read(ROWS_AT_ONCE * _CANDIDATE.itemsize):
            part = np.frombuffer(data, _CANDIDATE)
            kept.append(part[part["p"] <= largest[part["assay"]]])
        found = np.concatenate(kept) if kept else np.empty(0, _CANDIDATE)
        order = np.lexsort((found["row"], -found["probability"], found["assay"]))
        self.n_selected = len(found)
        if len(found):
            self.inactive = 1 - float(found["probability"].mean(dtype=np.float64))
        return found[order]

    def _tables(self) -> Iterator[Columns]:
        selected = self._selected
        assays = selected["assay"]
        rank = np.arange(len(selected)) - np.searchsorted(assays, assays) + 1
        names = [*HIT_NAMES, *(column.name for column in self._layout.beside)]
        for start in range(0, len(selected), ROWS_AT_ONCE):
            stop = min(start + ROWS_AT_ONCE, len(selected))
            hits = [self._hit(selected[at], int(rank[at])) for at in range(start, stop)]
            yield dict(zip(names, map(list, zip(*hits, strict=True)), strict=True))

    def _hit(self, candidate: Any, rank: int) -> Sequence[Any]:
        molecule = self._molecules[int(candidate["place"])]
        assay = int(candidate["assay"])
        beside = told_of(self._layout.beside, molecule, assay)
        row, probability = int(candidate["row"]), float(candidate["probability"])
        return (self._layout.assays[assay], rank, row, *molecule[:-1], probability, *beside)
