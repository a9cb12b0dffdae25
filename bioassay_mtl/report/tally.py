"""Tally for a screen's report, gathered as batches go by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.models.assay_sheet import Assay
from bioassay_mtl.report.histogram import ProbabilityHistogram, ValueHistogram
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import MOST_CHARACTERS, said_of
from bioassay_mtl.screening.hits import Hit, TellingHits, usual_shares
from bioassay_mtl.screening.options import ScreenOptions, choose_assays, columns_of_assays

if TYPE_CHECKING:
    from bioassay_mtl.models.description import ModelDescription

HITS = 12
THRESHOLDS = (0.5, 0.9)
FOLD = 10.0
"""Times the usual active share that counts as much."""


@dataclass(frozen=True)
class Predicted:
    """One of the columns that a screen writes.

    Parameters
    ----------
    name
        Name in the output.
    task
        The assay that it belongs to.
    is_probability
        Whether it lies in [0, 1].
    share
        Usual share of actives; NaN where there is none.
    unit
        Unit of a value.
    is_class
        Whether it is the probability of a class, not of activity.
    assay
        Facts of the assay.
    """

    name: str
    task: str
    is_probability: bool
    share: float
    unit: str = ""
    is_class: bool = False
    assay: Assay = field(default_factory=lambda: Assay(id=""))

    @property
    def sign(self) -> int:
        """-1 where the lowest predictions come first."""
        return -1 if self.assay.direction == "low" else 1


@dataclass(frozen=True)
class Best:
    """A molecule with one of the best predictions of a column; its texts are cut as a hit's."""

    value: float
    row: int
    id: str
    smiles: str
    in_training: bool | None = None
    beside: Mapping[str, Any] = field(default_factory=dict, compare=False)


class ScreenTally:
    """Counts, histograms and best molecules of a screen; its memory does not grow with the rows.

    Parameters
    ----------
    columns
        Columns of the batches, in order.
    k
        Molecules kept to be drawn.
    """

    def __init__(self, columns: Sequence[Predicted], k: int = HITS) -> None:
        self.columns = tuple(columns)
        self.at_probabilities = np.flatnonzero([c.is_probability for c in columns])
        self.at_outcomes = np.flatnonzero([c.is_probability and not c.is_class for c in columns])
        self.at_classes = np.flatnonzero([c.is_class for c in columns])
        self.at_values = np.flatnonzero([not c.is_probability for c in columns])
        self.shares = np.array([c.share for c in columns])
        self.probabilities = ProbabilityHistogram(len(self.at_probabilities))
        self.values = ValueHistogram(len(self.at_values))
        self.above = np.zeros((len(columns), len(THRESHOLDS)), dtype=np.int64)
        self.telling = np.zeros(len(columns), dtype=np.int64)
        self.rows_above = 0
        self.n_ok = 0
        self.best: list[Best | None] = [None] * len(columns)
        self._sign = np.array([c.sign for c in columns], dtype=np.float32)
        self._largest = np.full(len(columns), -np.inf)
        self.leading: dict[int, list[Best]] = {c: [] for c in self.at_values[:k].tolist()}
        self._n_leading = max(1, k // max(1, len(self.leading)))
        shared = np.flatnonzero(np.isfinite(self.shares))
        self._shared = shared
        names = [columns[c].name for c in shared.tolist()]
        self._hits = tuple(
            TellingHits(names, self.shares[shared], k, at=shared, known=known)
            for known in (False, True)
        )
        self._predictions: dict[int, NDArray[np.float32]] = {}

    def add(self, batch: ScreenedBatch) -> None:
        """Take in the next batch of rows."""
        rows = np.flatnonzero(batch.ok)
        if not len(rows):
            return
        found = batch.probabilities[rows]
        p = found[:, self.at_probabilities]
        self.probabilities.add(p)
        self.values.add(found[:, self.at_values])
        for place, threshold in enumerate(THRESHOLDS):
            self.above[self.at_probabilities, place] += (p >= threshold).sum(axis=0)
        with np.errstate(invalid="ignore"):
            self.telling += (found >= FOLD * self.shares).sum(axis=0)
        active = found[:, self.at_outcomes] >= THRESHOLDS[0]
        self.rows_above += int(active.any(axis=1).sum())
        self.n_ok += len(rows)
        self._keep_best(batch)
        self._keep_hits(batch)

    def _keep_best(self, batch: ScreenedBatch) -> None:
        rows = np.flatnonzero(batch.may_be_hits)
        if not len(rows):
            return
        found = batch.probabilities[rows] * self._sign
        top = found.argmax(axis=0)
        largest = found[top, np.arange(found.shape[1])]
        for column in np.flatnonzero(largest > self._largest).tolist():
            self._largest[column] = largest[column]
            self.best[column] = _best(batch, int(rows[top[column]]), column)
        for column in self.leading:
            self._keep_leading(batch, rows, found[:, column], column)

    def _keep_leading(
        self,
        batch: ScreenedBatch,
        rows: NDArray[np.intp],
        scores: NDArray[np.float32],
        column: int,
    ) -> None:
        """The best molecules of a column of values, best first; of equal ones the earlier."""
        held, n = self.leading[column], self._n_leading
        if len(held) == n:
            rows = rows[scores > held[-1].value * self._sign[column]]
            scores = batch.probabilities[rows, column] * self._sign[column]
        for at in rows[np.argsort(-scores, kind="stable")[:n]].tolist():
            held.append(_best(batch, at, column))
        held.sort(key=lambda best: (-best.value * self._sign[column], best.row))
        del held[n:]

    def _keep_hits(self, batch: ScreenedBatch) -> None:
        if not len(self._shared):
            return
        for hits in self._hits:
            hits.add(batch)
        kept = {hit.row for hits in self._hits for hit in hits.best()}
        self._predictions = {r: p for r, p in self._predictions.items() if r in kept}
        for row in kept - self._predictions.keys():
            self._predictions[row] = batch.probabilities[row - batch.first_row].copy()

    def hits(self, *, known: bool) -> list[tuple[Hit, NDArray[np.float32]]]:
        """The most telling molecules, best first, each with its predictions ``(C,)``.

        Parameters
        ----------
        known
            Whether to take those that the model was trained on, or those that are new to it.
        """
        return [(hit, self._predictions[hit.row]) for hit in self._hits[known].best()]


def _best(batch: ScreenedBatch, at: int, column: int) -> Best:
    return Best(
        float(batch.probabilities[at, column]),
        batch.first_row + at,
        batch.ids[at][:MOST_CHARACTERS],
        batch.smiles[at][:MOST_CHARACTERS],
        batch.is_known(at),
        said_of(batch.beside, at, column),
    )


def screen_tally(model: ModelDescription, options: ScreenOptions, k: int = HITS) -> ScreenTally:
    """Tally of a screen of a model with some options."""
    shares = usual_shares(model)
    columns, sheet = [], model.sheet
    for at in choose_assays(options.assays, model):
        kind, (assay,) = model.kinds[at], sheet.of([model.tasks[at]])
        columns += [
            Predicted(
                model.columns[column],
                model.tasks[at],
                is_probability=not kind.is_value,
                share=shares[column],
                unit=getattr(kind, "unit", ""),
                is_class=len(kind.columns("")) > 1,
                assay=assay,
            )
            for column in columns_of_assays([at], model.kinds)
        ]
    return ScreenTally(columns, k)
