"""Results of a measurement of dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """Scores above chance over numbers a task.

    Parameters
    ----------
    name
        ``single``, or ``shared`` with the ratio of l to n.
    numbers, scores
        Numbers and scores of each step of the ladder that was tried, numbers rising.
    reached
        The least number at which the target is reached; None if no step of the ladder does.
    """

    name: str
    numbers: tuple[float, ...]
    scores: tuple[float, ...]
    reached: float | None


@dataclass(frozen=True)
class Dimension:
    """Intrinsic dimension of some assays.

    Parameters
    ----------
    name, tasks
        Names of the group, and of its assays.
    free, target
        Mean score above chance of the free networks, and what must be reached.
    curves
        Curves of single tasks first, then of tasks that share directions.
    single_ids
        ID of each assay alone, by its own target; None where the ladder ends before.
    """

    name: str
    tasks: tuple[str, ...]
    free: float
    target: float
    curves: tuple[Curve, ...]
    single_ids: tuple[float | None, ...]

    @property
    def id(self) -> float | None:
        """ID: numbers with which single tasks reach the target in the mean."""
        return self.curves[0].reached

    @property
    def aid(self) -> float | None:
        """AID: least numbers a task, ``l k / n + k``, with which tasks together reach it."""
        found = [curve.reached for curve in self.curves[1:] if curve.reached is not None]
        return min(found, default=None)

    @property
    def mean_id(self) -> float | None:
        """Mean of the single assays' IDs that are known."""
        known = [each for each in self.single_ids if each is not None]
        return sum(known) / len(known) if known else None

    @property
    def words(self) -> str:
        """Result in a line."""
        known = sum(each is not None for each in self.single_ids)
        mean = "not reached" if self.mean_id is None else f"{self.mean_id:.3g}"
        return (
            f"{self.name} ({len(self.tasks)} assays): {_said(self.aid)} numbers an assay together, "
            f"{_said(self.id)} alone (mean of {known} assays' own: {mean})"
        )


@dataclass(frozen=True)
class Dimensions:
    """Intrinsic dimensions of a panel and its groups, the whole panel first.

    Parameters
    ----------
    groups
        Each measured in the same way.
    share
        Share of the free score that was asked for.
    metric
        Metric of the scores.
    """

    groups: tuple[Dimension, ...]
    share: float
    metric: str


def reached_at(numbers: Sequence[float], scores: Sequence[float], target: float) -> float | None:
    """Number at which scores over the logarithm of rising numbers first cross a target.

    It is on the line through the last step below and the first that reaches the target; the first
    step itself where it reaches it already; None where none does.

    Examples
    --------
    >>> reached_at([2, 8], [0.1, 0.3], 0.2)
    4.0
    """
    for place, score in enumerate(scores):
        if score >= target:
            if not place:
                return float(numbers[0])
            below, above = scores[place - 1], score
            share = (target - below) / (above - below)
            low, high = math.log(numbers[place - 1]), math.log(numbers[place])
            return round(math.exp(low + share * (high - low)), 9)
    return None


def _said(number: float | None) -> str:
    return "more than were tried" if number is None else f"{number:.3g}"
