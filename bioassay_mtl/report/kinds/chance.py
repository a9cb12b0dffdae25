"""Scores in words: always beside what chance gives, and never praised where that is all it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.metrics import Evaluation

Verdict = Literal["better", "worse", "as chance", "unknown"]


def ends_of(found: Evaluation, kind: str, metric: str) -> tuple[float, float]:
    """The 95 % interval of a mean over the assays of a kind; NaN where there is none."""
    ends: NDArray[np.float64] | None = found.kind_macro_intervals.get(kind, {}).get(metric)
    return (math.nan, math.nan) if ends is None else (float(ends[0]), float(ends[1]))


def verdict(ends: tuple[float, float], base: float) -> Verdict:
    """Whether an interval lies above or below what chance gives, around it, or is not known."""
    low, high = ends
    if not low <= high:
        return "unknown"
    return "better" if low > base else "worse" if high < base else "as chance"


def beside_chance(ends: tuple[float, float], base: str, written: Callable[[float], str]) -> str:
    """``95 %: 44 to 60; 50 by chance``: the interval where it is known, and chance."""
    low, high = ends
    return (
        f"95 %: {written(low)} to {written(high)}; {base} by chance"
        if low <= high
        else f"{base} by chance; no interval was computed"
    )


def times(share: float) -> str:
    """``0.838 -> 84``: of a hundred."""
    return f"{100 * share:.0f}"


def enough_measured(found: Evaluation, least: int) -> NDArray[np.bool_]:
    """``(T,) bool``: evaluable assays with so many measured molecules."""
    return found.evaluable & (found.n_measured >= least)


def mean_of(
    found: Evaluation, kind: str, metric: str, least: int = 0
) -> tuple[float, tuple[float, float]]:
    """The mean of a metric over the assays with `least` measured molecules, and its interval.

    The interval is known of the mean over all evaluable assays alone.
    """
    chosen = enough_measured(found, least)
    if chosen.sum() == found.evaluable.sum():
        return found.kind_macro[kind][metric], ends_of(found, kind, metric)
    values = found.values[metric][chosen]
    return (float(values.mean()) if len(values) else math.nan), (math.nan, math.nan)
