"""Predictions of a trained model for molecules that it had not learned from, and what follows.

Experts that were stacked have predicted every training row out of fold, under gates of the other
folds. Of other networks there are the validation rows, which no weight was fitted to, but which
chose the epoch. Probabilities are calibrated on these rows where that has the lower log loss on
folds of them that it was not fitted to: outcomes, and steps of classes in order, by slope and
offset, classes without an order by a temperature.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.confidence.calibration import Calibration, chosen_platt
from bioassay_mtl.confidence.conformal import errors, half_width
from bioassay_mtl.confidence.evidence import LEVELS, OUT_OF_FOLD, VALIDATION, Evidence
from bioassay_mtl.confidence.grid import ScoreCounts, total
from bioassay_mtl.confidence.temperature import ClassLogits, chosen_temperatures
from bioassay_mtl.models.evaluation import outputs_at
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.heads import heads
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.limits import Limits
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.tasks.target_scaling import TargetScaler
from bioassay_mtl.training.out_of_fold import Said, places_of
from bioassay_mtl.training.session import Session

N_FOLDS = 5
"""Folds of validation rows."""


@dataclass(frozen=True, eq=False)
class OutOfSight:
    """Predictions of n rows that a model had not learned from.

    Parameters
    ----------
    cells
        Their m measured cells, values in standard units.
    said
        ``(m,) float32``: outputs of the cells, of several the first.
    fold
        ``(n,)``: parts of different molecules.
    kinds, target_scaler
        Kinds and scaler of the tasks.
    rows
        See :class:`~bioassay_mtl.confidence.evidence.Evidence`.
    limits
        Limits of values, in the tasks' units.
    outputs, first
        ``(P,) float32``: all outputs of the cells, one cell after another; and ``(m,)``: where
        those of each begin. None where tasks have one output each.
    """

    cells: MeasuredCells
    said: NDArray[np.float32]
    fold: NDArray[np.int64]
    kinds: tuple[TaskKind, ...]
    target_scaler: TargetScaler | None
    rows: str
    limits: Limits | None = None
    outputs: NDArray[np.float32] | None = None
    first: NDArray[np.int64] | None = None

    def counts(self) -> list[ScoreCounts]:
        """Cells of binary tasks, fold by fold."""
        is_binary = np.array([kind.has_actives for kind in self.kinds])
        own = np.flatnonzero(is_binary[self.cells.task])
        return self._by_fold(own, self.said[own], self.cells.value[own])

    def steps(self) -> list[ScoreCounts]:
        """Steps beyond classes in order, each of the cells that reached it, fold by fold."""
        found = [np.zeros((3, 0))]
        for task in self._tasks_of("ordinal"):
            own = self.cells.cells_of(task)
            label, logits = self.cells.value[own].astype(np.int64), self._logits(task, own)
            for step, said in enumerate(logits.T):
                here = label >= step
                found.append(np.stack([own[here], said[here], label[here] > step]))
        cell, said, beyond = np.concatenate(found, axis=1)
        return self._by_fold(cell.astype(np.int64), said, beyond)

    def classes(self) -> tuple[ClassLogits, NDArray[np.int64]]:
        """Cells of classes without an order, and the fold of each."""
        parts, cells = [], [np.zeros(0, np.int64)]
        for task in self._tasks_of("multiclass"):
            own = self.cells.cells_of(task)
            label = self.cells.value[own].astype(np.int64)
            parts.append((task, self._logits(task, own), label))
            cells.append(own)
        fold = self.fold[self.cells.row[np.concatenate(cells)]]
        return ClassLogits.of(parts, len(self.kinds)), fold

    def _tasks_of(self, kind: str) -> list[int]:
        """Indices of the tasks of a kind, where all their outputs are there."""
        known = self.outputs is not None
        return [task for task, each in enumerate(self.kinds) if known and each.kind == kind]

    def _logits(self, task: int, own: NDArray[np.int64]) -> NDArray[np.float64]:
        """``(n, outputs)`` of some cells of a task."""
        assert self.outputs is not None
        assert self.first is not None
        places = self.first[own][:, None] + np.arange(
            heads[self.kinds[task].kind].n_outputs(self.kinds[task])
        )
        found: NDArray[np.float64] = self.outputs[places].astype(np.float64)
        return found

    def _by_fold(
        self, cell: NDArray[np.int64], said: NDArray[Any], label: NDArray[Any]
    ) -> list[ScoreCounts]:
        """Two outcomes of cells, fold by fold."""
        task, fold = self.cells.task[cell], self.fold[self.cells.row[cell]]
        own = [fold == number for number in np.unique(self.fold).tolist()]
        n = len(self.kinds)
        return [ScoreCounts.of(task[here], said[here], label[here], n) for here in own]

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
            unit = 1.0 if self.target_scaler is None else float(self.target_scaler.scale[task])
            found[task] = [half_width(away, level) * unit for level in LEVELS]
        return found

    def _within(self, task: int, own: NDArray[np.int64]) -> NDArray[np.float64]:
        """Predictions of a task's cells, within its limits."""
        said, known = self.said[own].astype(np.float64), self.target_scaler
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
        Model as it was trained.
    session
        Session that the model learned.
    said
        Outputs of stacked experts out of fold; None where there are none.
    """
    if session.is_part or not session.config.calibrate:
        return
    seen = None if said is None else _out_of_fold(said, model, session)
    seen = seen or _of_validation(model, session)
    if seen is None or not seen.cells.n_cells:
        return
    model.beside.update(beside_of(seen))


def beside_of(seen: OutOfSight) -> dict[str, Any]:
    """Companions of a model: evidence, and a calibration where that helps."""
    counts = seen.counts()
    found: dict[str, Any] = {"evidence": Evidence(total(counts), seen.half_widths(), seen.rows)}
    binary = np.array([kind.has_actives for kind in seen.kinds])
    ordinal = np.array([kind.kind == "ordinal" for kind in seen.kinds])
    platt = [_platt(*each, seen.rows) for each in ((counts, binary), (seen.steps(), ordinal))]
    parts = [*platt, _temperatures(seen)]
    if chosen := [each for each in parts if each is not None]:
        found["calibration"] = _together(chosen)
    return found


def _platt(folds: list[ScoreCounts], own: NDArray[np.bool_], rows: str) -> Calibration | None:
    """Slopes and offsets of some tasks ``(T,) bool``; None where they do not help."""
    found = chosen_platt(folds, rows) if len(folds) > 1 else None
    if found is None:
        return None
    return replace(
        found, slope=np.where(own, found.slope, 1.0), offset=np.where(own, found.offset, 0.0)
    )


def _temperatures(seen: OutOfSight) -> Calibration | None:
    """Slopes of classes without an order; None where they do not help."""
    cells, fold = seen.classes()
    if len(np.unique(fold)) < 2:
        return None
    slope, before, after = chosen_temperatures(cells, fold)
    if (slope == 1).all():
        return None
    losses = float(np.nanmean(before)), float(np.nanmean(after))
    return Calibration(slope, np.zeros_like(slope), seen.rows, *losses)


def _together(parts: list[Calibration]) -> Calibration:
    """Calibrations of different tasks as one; log losses are means over these tasks."""
    moved = np.array([((each.slope != 1) | (each.offset != 0)).sum() for each in parts])
    before, after = (
        float(np.average([getattr(each, f"log_loss_{when}") for each in parts], weights=moved))
        for when in ("before", "after")
    )
    slope = np.prod([each.slope for each in parts], axis=0)
    offset = np.sum([each.offset for each in parts], axis=0)
    return Calibration(slope, offset, parts[0].rows, before, after)


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
        said.target_scaler,
        OUT_OF_FOLD,
        model.limits,
        mixed,
        said.first,
    )


def _of_validation(model: Model, session: Session) -> OutOfSight | None:
    rows = session.parts.valid
    if not len(rows):
        return None
    cells, known = session.panel.cells.take(rows), model.target_scaler
    cells = cells if known is None else known.apply(cells)
    at, columns, first = places_of(cells, model.network.outputs)
    read = {name: session.features.blocks[name] for name in model.featurizer.fingerprints}
    features = replace(session.features, blocks=read).take(rows)
    said = outputs_at(model, features, at, columns)
    fold = np.random.default_rng(session.config.seed).permutation(len(rows)) % N_FOLDS
    kinds, limits = session.panel.kinds, model.limits
    return OutOfSight(cells, said[first], fold, kinds, known, VALIDATION, limits, said, first)
