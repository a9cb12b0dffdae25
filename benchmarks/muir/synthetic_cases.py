"""The synthetic problem: the search beside random choice, known groups, and tasks alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from sklearn.metrics import adjusted_rand_score

from benchmarks.muir.synthetic import (
    NOISE,
    Problem,
    RandomChoice,
    problem,
    rmse,
    solve,
)
from benchmarks.report import report

Weights = tuple[torch.Tensor, np.ndarray]
CASES: dict[str, Callable[[Problem, int], Weights]] = {
    "": lambda given, seed: solve(given, seed),
    ", random choice": lambda given, seed: solve(given, seed, search=RandomChoice),
    ", oracle": lambda given, seed: solve(given, seed, search=None, alignment=given.group),
    ", single tasks": lambda given, seed: solve(given, seed, search=None),
}
TARGETS = {("synthetic clean", "rmse"): "< 0.01", ("synthetic clean", "adjusted_rand_index"): "1"}


def show_synthetic(seeds: int) -> None:
    """Solve it in all ways, without and with noise; print means over problems."""
    for noise, name in ((0.0, "synthetic clean"), (NOISE, "synthetic noisy")):
        for words, way in CASES.items():
            errors, indices = [], []
            for seed in range(seeds):
                given = problem(seed, noise)
                weights, alignment = way(given, seed)
                errors.append(rmse(weights, given))
                indices.append(adjusted_rand_score(given.group, alignment))
            case = name + words
            for metric, values in (("rmse", errors), ("adjusted_rand_index", indices)):
                report(case, metric, float(np.mean(values)), "1", TARGETS.get((case, metric)))
