"""Predictions of experts for training rows that they have not seen, at the measured cells alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bioassay_mtl.metrics import evaluate
from bioassay_mtl.metrics.cells import predicted_columns
from bioassay_mtl.models.evaluation import outputs_at
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.heads import heads
from bioassay_mtl.nn.outputs import Outputs, as_outputs
from bioassay_mtl.nn.stacking import BOUND_NOISE, Stacking, StackingMethod, fit_stacking
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.tasks.measured import MeasuredCells
from bioassay_mtl.tasks.target_scaling import TargetScaler
from bioassay_mtl.training.session import Session

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Said:
    """Outputs of E experts out of fold.

    Parameters
    ----------
    panel
        The n training rows.
    cells
        Their measured cells, values in standard units.
    outputs
        The O outputs by task.
    target_scaler
        Scaler of the values; None where there are none.
    rows, columns
        ``(P,)``: row and output of the P outputs of the measured cells.
    first
        ``(m,)``: the first of those of each cell.
    fold
        ``(n,)``: the fold of each row.
    said
        ``(P, E) float32``.
    bound_noise
        How sharp bounds of censored values are, in standard units.
    """

    panel: Panel
    cells: MeasuredCells
    outputs: Outputs
    target_scaler: TargetScaler | None
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    first: NDArray[np.int64]
    fold: NDArray[np.int64]
    said: Floats
    bound_noise: float = BOUND_NOISE

    @staticmethod
    def of(
        session: Session,
        splits: Sequence[Split],
        models: Iterable[tuple[int, int, Model]],
        target_scaler: TargetScaler | None,
        cells: MeasuredCells,
    ) -> Said:
        """Ask the experts of every fold for its rows.

        Parameters
        ----------
        session
            Session to learn.
        splits
            K, their test sets the folds.
        models
            Number of an expert, of a fold, and what was trained without that.
        target_scaler
            Scaler of the values.
        cells
            Measured cells of all rows, values in standard units.
        """
        train = session.parts.train
        outputs = as_outputs(session.panel.kinds, len(session.panel.tasks))
        own = cells.take(train)
        rows, columns, first = places_of(own, outputs)
        fold = np.zeros(len(train), np.int64)
        place = np.zeros(len(session.panel), np.int64)
        place[train] = np.arange(len(train))
        for number, parts in enumerate(splits):
            fold[place[parts.test]] = number
        network: Any = session.config.network
        said = np.full((len(rows), len(network.members)), np.nan, np.float32)
        features = session.features.take(train)
        for expert, number, model in models:
            here = np.flatnonzero(fold[rows] == number)
            said[here, expert] = outputs_at(model, features, rows[here], columns[here])
        panel = session.panel.take(train)
        noise = session.config.value_loss.noise
        return Said(panel, own, outputs, target_scaler, rows, columns, first, fold, said, noise)

    @cached_property
    def known(self) -> Floats:
        """``(P,)``: what is known of a value without any expert, the mean outside its fold.

        Gates weigh what experts say beyond it. Were it the mean of all values instead, which holds
        the one to be predicted, few values would speak for no expert at all.
        """
        found, fold = np.zeros(len(self.rows), np.float32), self.fold[self.cells.row]
        for number in np.unique(self.fold):
            others = self.cells.take(np.flatnonzero(self.fold != number))
            center = TargetScaler.of(others, self.outputs.kinds).center
            here = fold == number
            found[self.first[here]] = center[self.cells.task[here]]
        return found

    def stacked(
        self, method: StackingMethod, seed: int, pairs: NDArray[np.bool_] | None = None
    ) -> Stacking:
        """Gates, fitted to all rows or to those of some folds.

        Parameters
        ----------
        method, seed
            See :func:`bioassay_mtl.nn.stacking.fit_stacking`.
        pairs
            ``(P,) bool``: the outputs that count; None for all.
        """
        said, known = self.said - self.known[:, None], self.known[self.first]
        said = said if pairs is None else np.where(pairs[:, None], said, np.nan)
        cells = self.cells.with_values(self.cells.value - known)
        return fit_stacking(
            said,
            cells,
            self.outputs.kinds,
            self.outputs.counts,
            method=method,
            bound_noise=self.bound_noise,
            seed=seed,
        )

    def worth(self, method: StackingMethod, seed: int) -> dict[str, Any]:
        """Scores out of fold of each expert, of their mean, and of the mixture.

        The mixture that predicts a fold has gates of the other folds.
        """
        return {
            "experts": [self._scores(said) for said in self.said.T],
            "mean": self._scores(self.said.mean(axis=1)),
            "mixture": self._scores(self.mixed(method, seed)),
        }

    def mixed(self, method: StackingMethod, seed: int) -> Floats:
        """``(P,)``: outputs of the mixture, in each fold with gates of the others."""
        mixed, beyond = self.known.copy(), self.said - self.known[:, None]
        owner = self.outputs.owner.numpy()
        for number in np.unique(self.fold).tolist():
            here = self.fold[self.rows] == number
            gates = self.stacked(method, seed, ~here)
            places = self.columns[here]
            mixed[here] += np.einsum("pe,pe->p", beyond[here], gates.weights[owner[places]])
            mixed[here] += gates.bias[places]
        return mixed

    def _scores(self, said: Floats) -> Mapping[str, Any]:
        """Macro means by kind, of outputs ``(P,)``."""
        predicted = self._predicted(said)
        panel = self.panel
        found = evaluate(panel.cells, predicted, panel.tasks, kinds=panel.kinds).to_json()
        return found.get("macro_by_kind") or {"binary": found["macro"]}

    def _predicted(self, said: Floats) -> Floats:
        """``(P',)`` predictions of the measured cells, values in their own units."""
        kinds, task = self.outputs.kinds, self.cells.task
        rows, _, to = predicted_columns(self.cells, kinds)
        found = np.empty(len(rows), np.float32)
        for group in self.outputs.groups:
            mine = np.flatnonzero(np.isin(task, group.tasks.numpy()))
            k, c = group.outputs.shape[1], group.columns.shape[1]
            outputs = said[self.first[mine][:, None] + np.arange(k)]
            predicted = heads[group.kind].predict(torch.from_numpy(outputs)[:, None])
            found[to[mine][:, None] + np.arange(c)] = predicted.numpy().reshape(len(mine), c)
            if self.target_scaler is not None:
                known = self.target_scaler
                scale, center = known.scale[task[mine]], known.center[task[mine]]
                found[to[mine]] = found[to[mine]] * scale + center if c == 1 else found[to[mine]]
        return found


def places_of(
    cells: MeasuredCells, outputs: Outputs
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Row and output of the P outputs of measured cells, and ``(m,)`` the first of each."""
    counts = np.array(outputs.counts, np.int64)
    start, size = np.cumsum(counts) - counts, counts[cells.task]
    first = np.cumsum(size) - size
    owner = np.repeat(np.arange(cells.n_cells), size)
    within = np.arange(len(owner)) - first[owner]
    return cells.row[owner].astype(np.int64), start[cells.task][owner] + within, first
