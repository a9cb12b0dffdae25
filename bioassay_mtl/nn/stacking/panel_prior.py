"""Prior of the weights of a panel's tasks, found from all of them (empirical Bayes)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bioassay_mtl.nn.stacking.out_of_fold import Floats

ROUNDS = 200


class PanelPrior(NamedTuple):
    """Weights of tasks are normal about the panel's.

    Attributes
    ----------
    mean
        ``(E,)``, at least 0.
    spread
        Standard deviation between tasks.
    """

    mean: Floats
    spread: float


def panel_prior(
    linear: Floats, curvature: Floats, start: PanelPrior, mean_of: float, spread_of: float
) -> PanelPrior:
    """The prior that T tasks agree with best, of whose losses the second order is known.

    Parameters
    ----------
    linear, curvature
        ``(T, E)`` b and ``(T, E, E)`` A of the losses ``w A w / 2 - b w``.
    start
        Prior before any task is seen.
    mean_of, spread_of
        Number of tasks that the mean, and of weights that the spread, of `start` counts as.

    Notes
    -----
    For a given spread s, a task says ``A^-1 b`` with the covariance ``A^-1 + s^2``: the mean is
    that of least squares. The spread is MacKay's fixed point, the squared deviations of the
    weights by how many numbers the tasks determine.

    References
    ----------
    MacKay, Neural Computation 4 (1992) 415, sections 4 and 5.
    """
    n_experts = linear.shape[1]
    even, found = np.eye(n_experts), start
    for _ in range(ROUNDS):
        precision = found.spread**-2
        inverse = np.linalg.inv(curvature + precision * even)
        told = curvature @ inverse
        mean = _mean(told.sum(axis=0), np.einsum("tij,tj->i", inverse, linear), start, mean_of)
        weights = np.einsum("tij,tj->ti", inverse, linear + precision * mean)
        n_told = np.trace(told, axis1=1, axis2=2).sum()
        squares = ((weights - mean) ** 2).sum() + spread_of * start.spread**2
        spread = float(np.sqrt(squares / (n_told + spread_of)))
        settled = abs(spread / found.spread - 1) < 1e-4 and np.allclose(mean, found.mean, atol=1e-5)
        found = PanelPrior(mean, spread)
        if settled:
            break
    return found


def _mean(told: Floats, linear: Floats, start: PanelPrior, mean_of: float) -> Floats:
    """Solve for the mean, at least 0: what would be below is 0, and the others anew."""
    left, right = told + mean_of * np.eye(len(told)), linear + mean_of * start.mean
    found, above = np.zeros(len(told)), np.arange(len(told))
    while len(above):
        solved = np.linalg.solve(left[np.ix_(above, above)], right[above])
        if (solved >= 0).all():
            found[above] = solved
            break
        above = above[solved > 0]
    return found
