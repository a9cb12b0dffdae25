"""Probabilities that come true as often as they say: Platt's two numbers for each assay.

``p = sigmoid(slope * logit + offset)`` (Platt 1999, Probabilistic outputs for support vector
machines). The numbers of an assay are those of highest posterior probability under a normal prior
whose mean and covariance are the panel's own, found by expectation and maximization with Laplace's
approximation (empirical Bayes: Morris 1983, Parametric empirical Bayes inference): an assay with
few actives borrows from the others, one with many hardly does. The panel itself is held to leaving
logits as they are with the weight of a single assay, so that a small panel changes little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.confidence.grid import LARGEST, STEP, ScoreCounts, total
from bioassay_mtl.renamed import in_module

Floats = NDArray[np.float64]

AS_IT_IS = np.array([1.0, 0.0])
_PRIOR = np.diag([0.1, 0.25])
"""Covariance between assays that the panel is held to, as of so many assays:"""
_WEIGHT = 2.0
_ROUNDING = 1e-12
SETTLED = 1e-6
"""Tolerance of slopes and offsets: their errors are a thousand times as large."""
_SMALLEST_SLOPE = 0.05
"""A calibration keeps the order of molecules."""


def expit(logits: Floats) -> Floats:
    """Probabilities of logits."""
    found: Floats = (1 + np.tanh(logits / 2)) / 2
    return found


@dataclass(frozen=True, eq=False)
class LabeledLogits:
    """Logits of measured cells, by task.

    Parameters
    ----------
    task
        ``(m,)``, rising or not.
    logit
        ``(m,) float64``.
    active, inactive
        ``(m,) float64``: how many cells of each outcome have that logit, most often one in all.
    n_tasks
        T.
    """

    task: NDArray[np.int64]
    logit: Floats
    active: Floats
    inactive: Floats
    n_tasks: int

    @staticmethod
    def of(
        task: NDArray[np.integer], logits: NDArray[np.floating], labels: NDArray[Any], n: int
    ) -> LabeledLogits:
        """One cell each; labels are 0 or 1."""
        active = (labels == 1).astype(np.float64)
        return LabeledLogits(
            task.astype(np.int64), logits.astype(np.float64), active, 1 - active, n
        )

    @staticmethod
    def of_counts(counts: ScoreCounts) -> LabeledLogits:
        """All cells at the places of the grid, each place once."""
        task, place = np.nonzero(counts.active + counts.inactive)
        active, inactive = (
            each[task, place].astype(np.float64) for each in (counts.active, counts.inactive)
        )
        logit = np.asarray(place * STEP - LARGEST, np.float64)
        return LabeledLogits(task, logit, active, inactive, len(counts.active))

    def take(self, chosen: NDArray[np.bool_]) -> LabeledLogits:
        """Some of them, ``(m,) bool``."""
        own = self.task[chosen], self.logit[chosen], self.active[chosen], self.inactive[chosen]
        return LabeledLogits(*own, self.n_tasks)

    def by_task(self, cells: Floats) -> Floats:
        """``(T,)`` sums."""
        return np.asarray(np.bincount(self.task, cells, self.n_tasks), np.float64)

    def summed_loss(self, numbers: Floats) -> Floats:
        """``(T,)`` log loss in nats of slopes and offsets ``(T, 2)``, summed over cells."""
        z = self.logit * numbers[self.task, 0] + numbers[self.task, 1]
        return self.by_task(self.active * np.logaddexp(0, -z) + self.inactive * np.logaddexp(0, z))

    def log_loss(self, numbers: Floats) -> Floats:
        """``(T,)`` mean log loss in nats of slopes and offsets ``(T, 2)``; NaN without cells."""
        n = self.by_task(self.active + self.inactive)
        found: Floats = np.divide(
            self.summed_loss(numbers), n, out=np.full(self.n_tasks, np.nan), where=n > 0
        )
        return found


@dataclass(frozen=True, eq=False)
class Calibration:
    """Slope and offset of the logits of T tasks.

    Parameters
    ----------
    slope, offset
        ``(T,) float64``; 1 and 0 leave a task as it is.
    rows
        Rows that it was fitted on: ``out of fold`` or ``validation``.
    log_loss_before, log_loss_after
        Mean over assays on cells that it was not fitted to, by cross-validation.
    """

    slope: Floats
    offset: Floats
    rows: str = ""
    log_loss_before: float = float("nan")
    log_loss_after: float = float("nan")

    @property
    def numbers(self) -> Floats:
        """``(T, 2)``."""
        return np.stack([self.slope, self.offset], axis=1)

    def __call__(self, logits: Floats) -> Floats:
        """Probabilities of logits ``(n, T)``."""
        found: Floats = expit(logits * self.slope + self.offset)
        return found


def fit_platt(cells: LabeledLogits, *, shrink: bool = True, n_rounds: int = 25) -> Calibration:
    """Slope and offset of each task.

    Parameters
    ----------
    cells
        Logits of cells that nobody had learned from.
    shrink
        Whether tasks borrow from the panel. Without it each has the numbers of highest likelihood,
        which may be infinite; a task of one outcome stays as it is.
    n_rounds
        Rounds of expectation and maximization, at most: they end where none of the numbers moves by
        a millionth.
    """
    numbers = np.tile(AS_IT_IS, (cells.n_tasks, 1))
    told = cells.by_task(cells.active + cells.inactive) > 0
    if not shrink:
        both = (cells.by_task(cells.active) > 0) & (cells.by_task(cells.inactive) > 0)
        numbers, _ = _highest(cells, numbers, np.zeros((2, 2)), AS_IT_IS, 100)
        numbers[~both] = AS_IT_IS
    elif told.any():
        mean, covariance = AS_IT_IS, _PRIOR
        for _ in range(n_rounds):
            before = numbers
            numbers, spread = _highest(cells, numbers, np.linalg.inv(covariance), mean, 3)
            mean = (numbers[told].sum(axis=0) + AS_IT_IS) / (told.sum() + 1)
            away = numbers[told] - mean
            sums = spread[told].sum(axis=0) + away.T @ away + _WEIGHT * _PRIOR
            covariance = sums / (told.sum() + _WEIGHT)
            if np.abs(numbers - before).max() < SETTLED:
                break
        numbers[~told] = mean
    slope = np.maximum(numbers[:, 0], _SMALLEST_SLOPE)
    return Calibration(slope, numbers[:, 1])


def chosen_platt(folds: Sequence[ScoreCounts], rows: str) -> Calibration | None:
    """:func:`fit_platt` where it has the lower log loss on cells that it was not fitted to.

    Parameters
    ----------
    folds
        All cells, in parts of different molecules; two or more.
    rows
        See :class:`Calibration`.

    Returns
    -------
    None where logits as they are do no worse in the mean over assays.
    """
    every = LabeledLogits.of_counts(total(folds))
    n = every.by_task(every.active + every.inactive)
    if not (n > 0).any():
        return None
    before, after = np.zeros(len(n)), np.zeros(len(n))
    for number, fold in enumerate(folds):
        others = [*folds[:number], *folds[number + 1 :]]
        held, fitted = LabeledLogits.of_counts(fold), fit_platt_of(others)
        weight = held.by_task(held.active + held.inactive)
        before += np.nan_to_num(held.log_loss(np.tile(AS_IT_IS, (len(n), 1)))) * weight
        after += np.nan_to_num(held.log_loss(fitted.numbers)) * weight
    losses = [float((summed[n > 0] / n[n > 0]).mean()) for summed in (before, after)]
    if losses[1] >= losses[0]:
        return None
    fitted = fit_platt(every)
    return replace(fitted, rows=rows, log_loss_before=losses[0], log_loss_after=losses[1])


def fit_platt_of(folds: Sequence[ScoreCounts]) -> Calibration:
    """:func:`fit_platt` to all cells of some parts."""
    return fit_platt(LabeledLogits.of_counts(total(folds)))


def _highest(
    cells: LabeledLogits, start: Floats, precision: Floats, mean: Floats, n_steps: int
) -> tuple[Floats, Floats]:
    """Newton's steps to the highest posterior; ``(T, 2)``, and covariances ``(T, 2, 2)``."""
    numbers, height = start, _loss(cells, start, precision, mean)
    for _ in range(n_steps):
        gradient, curvature = _derivatives(cells, numbers, precision, mean)
        step = np.linalg.solve(curvature, gradient[..., None])[..., 0]
        for _ in range(12):  # halved where it goes too far
            tried = numbers - step
            found = _loss(cells, tried, precision, mean)
            worse = found > height + _ROUNDING * np.abs(height)
            if not worse.any():
                break
            step = np.where(worse[:, None], step / 2, step)
        numbers = np.where(worse[:, None], numbers, tried)
        height = np.where(worse, height, found)
    _, curvature = _derivatives(cells, numbers, precision, mean)
    return numbers, np.asarray(np.linalg.inv(curvature), np.float64)


def _loss(cells: LabeledLogits, numbers: Floats, precision: Floats, mean: Floats) -> Floats:
    away = numbers - mean
    found: Floats = cells.summed_loss(numbers) + ((away @ precision) * away).sum(axis=1) / 2
    return found


def _derivatives(
    cells: LabeledLogits, numbers: Floats, precision: Floats, mean: Floats
) -> tuple[Floats, Floats]:
    """Gradient ``(T, 2)`` and curvature ``(T, 2, 2)`` of the loss."""
    s, n = cells.logit, cells.active + cells.inactive
    p = expit(s * numbers[cells.task, 0] + numbers[cells.task, 1])
    error, weight = n * p - cells.active, n * p * (1 - p)
    gradient = np.stack([cells.by_task(error * s), cells.by_task(error)], axis=1)
    across = cells.by_task(weight * s)
    curvature = np.array([[cells.by_task(weight * s * s), across], [across, cells.by_task(weight)]])
    gradient += (numbers - mean) @ precision
    return gradient, np.moveaxis(curvature, 2, 0) + precision + 1e-9 * np.eye(2)


if not TYPE_CHECKING:
    __getattr__ = in_module(__name__, LabelledLogits="LabeledLogits")
