"""What a trained model said of molecules that it had not learned from, and what follows from it.

Experts that were stacked have predicted every training row out of fold, under gates of the other
folds. Of other networks there are the validation rows, which no weight was fitted to, but which
chose the epoch. Probabilities are calibrated on these rows where that has the lower log loss on
folds of them that it was not fitted to; columns of classes are left as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.confidence.calibration import chosen_platt
from bioassay_mtl.confidence.conformal import errors, half_width
from bioassay_mtl.confidence.evidence import LEVELS, OUT_OF_FOLD, VALIDATION, Evidence
from bioassay_mtl.confidence.grid import ScoreCounts, total
from bioassay_mtl.models.evaluation import outputs_at
from bioassay_mtl.models.model import Model
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.limits import Limits
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.tasks.target_scaling import Standardisation
from bioassay_mtl.training.out_of_fold import Said, places_of
from bioassay_mtl.training.session import Session

N_FOLDS = 5
"""Of validation rows."""


@dataclass(frozen=True, eq=False)
class OutOfSight:
    """What was said of n rows that a model had not learned from.

    Parameters
    ----------
    cells
        Their m measured cells, values in standard units.
    said
        ``(m,) float32``: outputs of the cells, of several the first.
    fold
        ``(n,)``: parts of different molecules.
    kinds, standardisation
        Of the tasks.
    rows
        See :class:`~bioassay_mtl.confidence.evidence.Evidence`.
    limits
        Of values, in the tasks' units.
    """

    cells: MeasuredCells
    said: NDArray[np.float32]
    fold: NDArray[np.int64]
    kinds: tuple[TaskKind, ...]
    standardisation: Standardisation | None
    rows: str
    limits: Limits | None = None

    def counts(self) -> list[ScoreCounts]:
        """Cells of binary tasks, fold by fold."""
        is_binary = np.array([kind.has_actives for kind in self.kinds])
        task, fold = self.cells.task, self.fold[self.cells.row]
        own = [is_binary[task] & (fold == number) for number in np.unique(self.fold).tolist()]
        return [
            ScoreCounts.of(task[here], self.said[here], self.cells.value[here], len(self.kinds))
            for here in own
        ]

    def half_widths(self) -> NDArray[np.float64]:
        """``(T, len(LEVELS))``, in the tasks' units; infinite for outcomes."""
        found = np.full((len(self.kinds), len(LEVELS)), np.inf)
        for task, kind in enumerate(self.kinds):
            if not kind.is_value:
                continue
            own = self.cells.cells_of(task)
            bounds = None if self.cells.bound is None else self.cells.bound[own]
            values = self.cells.value[own].astype(np.float64)
            away = errors(self._within(task, own), values, bounds)
            unit = 1.0 if self.standardisation is None else float(self.standardisation.scale[task])
            found[task] = [half_width(away, level) * unit for level in LEVELS]
        return found

    def _within(self, task: int, own: NDArray[np.int64]) -> NDArray[np.float64]:
        """What was said of a task's cells, within its limits."""
        said, known = self.said[own].astype(np.float64), self.standardisation
        if self.limits is None or known is None:
            return said
        ends = np.array([self.limits.low[task], self.limits.high[task]])
        low, high = (ends - known.center[task]) / known.scale[task]
        found: NDArray[np.float64] = np.clip(said, low, high)
        return found


def give_evidence(model: Model, session: Session, said: Said | None = None) -> None:
    """Give a model its calibration and its evidence, where the run has rows for them.

    Parameters
    ----------
    model
        As it was trained.
    session
        What it learned.
    said
        What stacked experts said out of fold; None where they did not.
    """
    if session.is_part or not session.config.calibrate:
        return
    seen = None if said is None else _out_of_fold(said, model, session)
    seen = seen or _of_validation(model, session)
    if seen is None or not seen.cells.n_cells:
        return
    model.beside.update(beside_of(seen))


def beside_of(seen: OutOfSight) -> dict[str, Any]:
    """What stands beside a model: evidence, and a calibration where that helps."""
    counts = seen.counts()
    found: dict[str, Any] = {"evidence": Evidence(total(counts), seen.half_widths(), seen.rows)}
    calibration = chosen_platt(counts, seen.rows) if len(counts) > 1 else None
    if calibration is not None:
        is_binary = np.array([kind.has_actives for kind in seen.kinds])
        slope = np.where(is_binary, calibration.slope, 1.0)
        offset = np.where(is_binary, calibration.offset, 0.0)
        found["calibration"] = replace(calibration, slope=slope, offset=offset)
    return found


def _out_of_fold(said: Said, model: Model, session: Session) -> OutOfSight | None:
    if len(np.unique(said.fold)) < 2:
        return None
    gate = session.config.network.gate  # type: ignore[attr-defined]
    mixed = said.mixed(gate.method, session.config.seed)
    kinds = session.panel.kinds
    return OutOfSight(
        said.cells,
        mixed[said.first],
        said.fold,
        kinds,
        said.standardisation,
        OUT_OF_FOLD,
        model.limits,
    )


def _of_validation(model: Model, session: Session) -> OutOfSight | None:
    rows = session.parts.valid
    if not len(rows):
        return None
    cells, known = session.panel.cells.take(rows), model.standardisation
    cells = cells if known is None else known.apply(cells)
    at, columns, first = places_of(cells, model.network.outputs)
    read = {name: session.features.blocks[name] for name in model.featurizer.fingerprints}
    features = replace(session.features, blocks=read).take(rows)
    said = outputs_at(model, features, at[first], columns[first])
    fold = np.random.default_rng(session.config.seed).permutation(len(rows)) % N_FOLDS
    return OutOfSight(cells, said, fold, session.panel.kinds, known, VALIDATION, model.limits)
