"""Probabilities of classes that come true as often as they say: one temperature for each assay.

``p = softmax(slope * logits)``, where the slope is one over the temperature (Guo et al. 2017, On
calibration of modern neural networks). Slopes are those of highest posterior probability under a
normal prior whose mean and variance are the panel's own, as for two outcomes
(:mod:`bioassay_mtl.confidence.calibration`). The order of an assay's classes never changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.confidence.calibration import SETTLED

Floats = NDArray[np.float64]

_VARIANCE, _WEIGHT = 0.1, 2.0
"""Variance between assays that the panel is held to, as of so many assays."""
_SMALLEST_SLOPE = 0.05
_ROUNDING = 1e-12
_NO_CLASS = -1e9
"""Logit of a class that an assay does not have."""


@dataclass(frozen=True, eq=False)
class ClassLogits:
    """Logits of measured cells of classes.

    Parameters
    ----------
    task
        ``(m,) int64``.
    logits
        ``(m, K) float64``, for the K classes of the assay with most.
    label
        ``(m,) int64``: numbers of classes.
    n_tasks
        T.
    """

    task: NDArray[np.int64]
    logits: Floats
    label: NDArray[np.int64]
    n_tasks: int

    @staticmethod
    def of(
        parts: Sequence[tuple[int, NDArray[np.floating], NDArray[np.integer]]], n: int
    ) -> ClassLogits:
        """Cells of some of ``n`` tasks: number, logits ``(m, k)`` and labels ``(m,)`` of each."""
        most = max((logits.shape[1] for _, logits, _ in parts), default=1)
        padded = [
            np.pad(each, ((0, 0), (0, most - each.shape[1])), constant_values=_NO_CLASS)
            for each in (logits.astype(np.float64) for _, logits, _ in parts)
        ]
        task = [np.full(len(label), number) for number, _, label in parts]
        return ClassLogits(
            np.concatenate([*task, np.zeros(0, np.int64)]).astype(np.int64),
            np.concatenate([*padded, np.zeros((0, most))]),
            np.concatenate([*(label for *_, label in parts), np.zeros(0)]).astype(np.int64),
            n,
        )

    def take(self, chosen: NDArray[np.bool_]) -> ClassLogits:
        """Some of them, ``(m,) bool``."""
        return ClassLogits(self.task[chosen], self.logits[chosen], self.label[chosen], self.n_tasks)

    @property
    def n_cells(self) -> NDArray[np.int64]:
        """``(T,)``."""
        return np.bincount(self.task, minlength=self.n_tasks)

    def by_task(self, cells: Floats) -> Floats:
        """``(T,)`` sums."""
        return np.asarray(np.bincount(self.task, cells, self.n_tasks), np.float64)

    def loss(self, slope: Floats) -> Floats:
        """``(T,)`` summed log loss in nats of slopes ``(T,)``."""
        z = self.logits * slope[self.task, None]
        own = np.take_along_axis(z, self.label[:, None], 1)[:, 0]
        top = z.max(axis=1, initial=0.0)
        return self.by_task(top + np.log(np.exp(z - top[:, None]).sum(axis=1)) - own)

    def derivatives(self, slope: Floats) -> tuple[Floats, Floats]:
        """First and second of the loss by the slope, ``(T,)``."""
        z = self.logits * slope[self.task, None]
        p = np.exp(z - z.max(axis=1, initial=_NO_CLASS, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        mean = (p * self.logits).sum(axis=1)
        own = np.take_along_axis(self.logits, self.label[:, None], 1)[:, 0]
        away = np.where(p > 0, self.logits - mean[:, None], 0)
        return self.by_task(mean - own), self.by_task((p * away**2).sum(axis=1))


def fit_temperatures(cells: ClassLogits, *, shrink: bool = True, n_rounds: int = 25) -> Floats:
    """Slopes ``(T,)`` of the logits, 1 where there are no cells.

    Parameters
    ----------
    cells
        Logits of cells that nobody had learned from.
    shrink
        Whether assays borrow from the panel.
    n_rounds
        Rounds of expectation and maximization, at most: they end where no slope moves by a
        millionth.
    """
    slope, told = np.ones(cells.n_tasks), cells.n_cells > 0
    mean, variance = 1.0, _VARIANCE
    for _ in range(n_rounds if shrink else 1):
        precision = 1 / variance if shrink else 1e-9
        before = slope
        slope, spread = _highest(cells, slope, mean, precision, 3 if shrink else 20)
        mean = float((slope[told].sum() + 1) / (told.sum() + 1))
        sums = spread[told].sum() + ((slope[told] - mean) ** 2).sum() + _WEIGHT * _VARIANCE
        variance = float(sums / (told.sum() + _WEIGHT))
        if np.abs(slope - before).max() < SETTLED:
            break
    slope[~told] = 1.0
    return np.maximum(slope, _SMALLEST_SLOPE)


def chosen_temperatures(
    cells: ClassLogits, fold: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats]:
    """:func:`fit_temperatures` where they have the lower log loss on cells not fitted to.

    Parameters
    ----------
    cells
        All of them.
    fold
        ``(m,)``: parts of different molecules.

    Returns
    -------
    Slopes ``(T,)``, all 1 where logits as they are do no worse; and mean log losses ``(T,)`` before
    and after by cross-validation, NaN without cells.
    """
    before, after = np.zeros(cells.n_tasks), np.zeros(cells.n_tasks)
    for number in np.unique(fold).tolist():
        held, slope = cells.take(fold == number), fit_temperatures(cells.take(fold != number))
        before += held.loss(np.ones(cells.n_tasks))
        after += held.loss(slope)
    n = np.where(cells.n_cells > 0, cells.n_cells, np.nan)
    before, after = before / n, after / n
    if not np.nansum(after) < np.nansum(before):
        return np.ones(cells.n_tasks), before, before
    return fit_temperatures(cells), before, after


def _highest(
    cells: ClassLogits, slope: Floats, mean: float, precision: float, n_steps: int
) -> tuple[Floats, Floats]:
    """Newton's steps to the highest posterior, and the variances there; ``(T,)`` each."""

    def loss(slope: Floats) -> Floats:
        found: Floats = cells.loss(slope) + precision * (slope - mean) ** 2 / 2
        return found

    height = loss(slope)
    for _ in range(n_steps):
        gradient, curvature = cells.derivatives(slope)
        curvature = curvature + precision
        step = (gradient + precision * (slope - mean)) / curvature
        for _ in range(12):  # halved where it goes too far
            tried = np.maximum(slope - step, _SMALLEST_SLOPE)
            found = loss(tried)
            worse = found > height + _ROUNDING * np.abs(height)
            step = np.where(worse, step / 2, step)
            if not worse.any():
                break
        slope, height = np.where(worse, slope, tried), np.where(worse, height, found)
    return slope, 1 / (cells.derivatives(slope)[1] + precision)
