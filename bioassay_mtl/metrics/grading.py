"""A grade of a model in an assay, by what it scored on rows that were held out.

The rule. A score counts by the lower end of its 95 % interval. An assay is *usable* where every
score reaches its bar: ROC-AUC (and concordance, and ROC-AUC of each class) 0.7; average precision
three times the share of actives, or half of the way from there to 1; R2 0.3. It is *weak* where
every score is above what chance gives: 0.5; the share of actives; the mean for every molecule, of
which R2 is 0. Otherwise: *do not use*. Without held-out rows of two outcomes there is no grade.

Intervals are made from the score and the counts alone, so that few actives make them wide: a
bootstrap of one active says that it knows all. Of an AUC: Newcombe 2006, Confidence intervals for
an effect size measure based on the Mann-Whitney statistic, part 2, method 5. Of an average
precision: Wilson's interval of a share with as many trials as there are actives (Boyd, Eng and Page
2013, Area under the precision-recall curve, treat it as such). Of R2: normal errors, the variance
of the logarithm of a ratio of two independent mean squares, 4 / n, which is the most it can be
where the model is any good.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Interval = tuple[float, float]

USABLE, WEAK, DO_NOT_USE = "usable", "weak", "do not use"
GRADES = (USABLE, WEAK, DO_NOT_USE)
RULE = (
    "usable: the lower end of the 95 % interval reaches ROC-AUC or concordance 0.7, average "
    "precision 3 times the share of actives or half of the way from it to 1, R2 0.3; weak: it is "
    "above chance (0.5, the share of actives, R2 0); do not use: it is not. No grade without "
    "held-out rows."
)
Z = 1.959963984540054
"""Standard normal quantile of a 95 % interval."""


@dataclass(frozen=True)
class Score:
    """One metric of one assay.

    Parameters
    ----------
    value, low, high
        Value, and the ends of its 95 % interval.
    chance
        Score of a model that knows nothing.
    bar
        Bar that the lower end must reach to be usable.
    """

    value: float
    low: float
    high: float
    chance: float
    bar: float


def scores_of(row: Mapping[str, Any]) -> dict[str, Score]:
    """The metrics that a grade goes by.

    Parameters
    ----------
    row
        Metrics of an assay, as in :meth:`~bioassay_mtl.metrics.evaluation.Evaluation.to_json`:
        counts and metrics.

    Returns
    -------
    Scores by metric; those that are not defined are left out.
    """
    return {
        name: made
        for name, graded in _GRADED.items()
        if (value := row.get(name)) is not None and (made := graded(float(value), row))
    }


def grade(scores: Mapping[str, Score]) -> str | None:
    """The grade of an assay; None where nothing was scored."""
    if not scores:
        return None
    if all(each.low >= each.bar for each in scores.values()):
        return USABLE
    return WEAK if all(each.low > each.chance for each in scores.values()) else DO_NOT_USE


def auc_interval(value: float, n_actives: float, n_inactives: float) -> Interval:
    """95 % interval of an area under the ROC curve from counts alone (see above)."""
    more = (n_actives + n_inactives) / 2 - 1

    def distance(true: float) -> float:
        spread = 1 + more * ((1 - true) / (2 - true) + true / (1 + true))
        variance = true * (1 - true) * spread / (n_actives * n_inactives)
        return (value - true) ** 2 - Z * Z * variance

    return _crossing(distance, value, 0.0), _crossing(distance, value, 1.0)


def share_interval(value: float, n: float) -> Interval:
    """Wilson's 95 % interval of a share of n."""
    center = (value + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(value * (1 - value) / n + Z * Z / (4 * n * n))
    return max(0.0, min(center - half, value)), min(1.0, max(center + half, value))


def r2_interval(value: float, n: float) -> Interval:
    """95 % interval of a share of explained variance from the number of values (see above)."""
    factor = math.exp(Z * 2 / math.sqrt(n))
    return 1 - (1 - value) * factor, 1 - (1 - value) / factor


def _crossing(distance: Callable[[float], float], inside: float, outside: float) -> float:
    """Point at which a function that is negative inside becomes positive, or the end."""
    for _ in range(60):
        middle = (inside + outside) / 2
        if distance(middle) > 0:
            outside = middle
        else:
            inside = middle
    return inside


def _auc(value: float, row: Mapping[str, Any]) -> Score | None:
    n = float(row.get("n_measured", 0))
    actives, inactives = float(row.get("n_actives", 0)), float(row.get("n_inactives", 0))
    if not actives or not inactives:  # no actives: of values or classes, as if half were so
        actives = inactives = n / 2
    if actives + inactives < 2:
        return None
    low, high = auc_interval(value, actives, inactives)
    return Score(value, low, high, chance=0.5, bar=0.7)


def _precision(value: float, row: Mapping[str, Any]) -> Score | None:
    actives, inactives = float(row.get("n_actives", 0)), float(row.get("n_inactives", 0))
    if not actives or not inactives:
        return None
    share = actives / (actives + inactives)
    low, high = share_interval(value, actives)
    return Score(value, low, high, chance=share, bar=min(3 * share, (1 + share) / 2))


def _r2(value: float, row: Mapping[str, Any]) -> Score | None:
    n = float(row.get("n_measured", 0))
    if n < 2:
        return None
    low, high = r2_interval(value, n)
    return Score(value, low, high, chance=0.0, bar=0.3)


_GRADED: dict[str, Callable[[float, Mapping[str, Any]], Score | None]] = {
    "roc_auc": _auc,
    "average_precision": _precision,
    "roc_auc_ovr": _auc,
    "concordance": _auc,
    "r2": _r2,
}
