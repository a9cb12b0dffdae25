"""The molecules of the best predicted values, where it is known which values are good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.beside import MOST_CHARACTERS, said_of
from bioassay_mtl.screening.options import ScreenOptions, choose_assays, columns_of_assays

if TYPE_CHECKING:
    from bioassay_mtl.models.assay_sheet import Assay
    from bioassay_mtl.models.description import ModelDescription


@dataclass(frozen=True)
class ValueHit:
    """One molecule in one assay.

    ``beyond`` is how far its value lies on the good side of the mean of the training molecules, in
    their standard deviations, and orders hits. Texts are cut as those of a
    :class:`~bioassay_mtl.screening.hits.Hit`.
    """

    beyond: float
    row: int
    id: str
    smiles: str
    assay: str
    value: float
    in_training: bool | None = None
    beside: Mapping[str, Any] = field(default_factory=dict, compare=False)


class BestValues:
    """Keeps the ``k`` molecules of the best values, each in its best assay.

    Parameters
    ----------
    model
        Model whose sheet says which values are good; assays of which nothing is known have no part.
    options
        Options that tell which of its assays are screened.
    k
        Molecules kept.
    """

    def __init__(self, model: ModelDescription, options: ScreenOptions, k: int) -> None:
        chosen = choose_assays(options.assays, model)
        sheet = model.sheet.of([model.tasks[task] for task in chosen])
        written = [model.columns[c] for c in columns_of_assays(chosen, model.kinds)]
        known = [(task, a) for task, a in zip(chosen, sheet, strict=True) if a.direction]
        self.assays: list[Assay] = [assay for _, assay in known]
        self._at = np.array([written.index(assay.id) for assay in self.assays], dtype=np.intp)
        self._sign = np.array([-1.0 if a.direction == "low" else 1.0 for a in self.assays])
        tasks, units = [task for task, _ in known], model.target_scaler
        self._center = np.zeros(len(tasks)) if units is None else units.center[tasks]
        self._scale = np.ones(len(tasks)) if units is None else units.scale[tasks]
        self.k = k
        self._kept: list[ValueHit] = []

    def add(self, batch: ScreenedBatch) -> None:
        """Take in the next batch of rows."""
        rows = np.flatnonzero(batch.may_be_hits)
        values = batch.probabilities[np.ix_(rows, self._at)].astype(np.float64)
        beyond = self._sign * (values - self._center) / self._scale
        best = beyond.argmax(axis=1)
        score = beyond[np.arange(len(rows)), best]
        for place in np.argsort(-score, kind="stable")[: self.k].tolist():
            self._kept.append(self._hit(batch, int(rows[place]), int(best[place]), score[place]))
        self._kept = self.best()

    def _hit(self, batch: ScreenedBatch, at: int, assay: int, beyond: np.float64) -> ValueHit:
        column = int(self._at[assay])
        return ValueHit(
            beyond=float(beyond),
            row=batch.first_row + at,
            id=batch.ids[at][:MOST_CHARACTERS],
            smiles=batch.smiles[at][:MOST_CHARACTERS],
            assay=self.assays[assay].id,
            value=float(batch.probabilities[at, column]),
            in_training=batch.is_known(at),
            beside=said_of(batch.beside, at, column),
        )

    def best(self) -> list[ValueHit]:
        """The hits kept, best first; of equal ones the earlier row."""
        return sorted(self._kept, key=lambda hit: (-hit.beyond, hit.row))[: self.k]
