"""The search: ladders of numbers are climbed until the target is reached.

Single tasks climb the dimensions of ``single``; all tasks are trained at once, each alone. Tasks
that share directions climb k, once for each ratio of l to n; of the ratios the least ``l k / n +
k`` counts. What is reached lies between two steps: see
:func:`~bioassay_mtl.training.dimension.result.reached_at`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.training.dimension.result import Curve, Dimension, reached_at
from bioassay_mtl.training.dimension.settings import DimensionConfig

Score = Callable[[dict[str, Any]], NDArray[np.float64]]
"""Map from settings of a network to the score above chance of each task, or NaN."""


def dimension_of(
    name: str, tasks: tuple[str, ...], score: Score, config: DimensionConfig
) -> Dimension:
    """ID and AID of some assays.

    Raises
    ------
    InputError
        Free networks are no better than chance: there is nothing to reach.
    """
    free = score({"form": "free"})
    used = np.isfinite(free)
    mean = float(free[used].mean()) if used.any() else 0.0
    if mean <= 0:
        raise InputError(
            f"{name}: networks whose weights are all free score {mean:.3f} above chance on the "
            "molecules that were left out: there is nothing to reach",
            hint="more molecules, or assays with more actives, are needed",
        )
    target = config.target * mean
    single, of_tasks = _single(score, config, target, used)
    shared = [_shared(score, config, target, used, ratio, len(tasks)) for ratio in config.ratios]
    ids = [
        reached_at(single.numbers, of_tasks[:, task].tolist(), config.target * free[task])
        if used[task] and free[task] > 0
        else None
        for task in range(len(tasks))
    ]
    return Dimension(name, tasks, mean, target, (single, *shared), tuple(ids))


def _single(
    score: Score, config: DimensionConfig, target: float, used: NDArray[np.bool_]
) -> tuple[Curve, NDArray[np.float64]]:
    """The curve of single tasks, and the scores ``(steps, T)`` of each."""
    steps: list[NDArray[np.float64]] = []
    for d in config.single:
        steps.append(score({"form": "single", "coordinates": d}))
        if steps[-1][used].mean() >= target:
            break
    of_tasks = np.stack(steps)
    numbers = config.single[: len(steps)]
    means = of_tasks[:, used].mean(axis=1).tolist()
    return Curve("single", numbers, tuple(means), reached_at(numbers, means, target)), of_tasks


def _shared(
    score: Score,
    config: DimensionConfig,
    target: float,
    used: NDArray[np.bool_],
    ratio: float,
    n: int,
) -> Curve:
    shared = max(1, round(ratio * n))
    numbers: list[float] = []
    means: list[float] = []
    for k in config.coordinates:
        network = {"form": config.form, "coordinates": k, "shared": shared}
        numbers.append(shared * k / n + k)
        means.append(float(score(network)[used].mean()))
        if means[-1] >= target:
            break
    reached = reached_at(numbers, means, target)
    return Curve(f"shared, l = {shared}", tuple(numbers), tuple(means), reached)
