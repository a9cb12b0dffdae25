"""Closing of experts that a task should not listen to: the evidence for weights of exactly 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.nn.stacking.newton import Expansion, Prior
from bioassay_mtl.nn.stacking.out_of_fold import Floats


def among(panel_mean: Floats, open_to: NDArray[np.bool_]) -> Floats:
    """``(E,)``: the panel's weights, those of closed experts given to the others in proportion."""
    kept = np.where(open_to, panel_mean, 0.0)
    if kept.sum() <= 0:
        kept = open_to * 1.0
    found: Floats = kept * max(float(panel_mean.sum()), 1e-6) / kept.sum()
    return found


def log_evidence(near: Expansion, prior: Prior, open_to: NDArray[np.bool_]) -> float:
    """Evidence of a task's cells, with some experts ``(E,)`` open to it (but for a constant).

    The loss is taken as the quadratic that it is near some numbers, so that the integral over all
    numbers is known (Laplace; MacKay, Neural Computation 4 (1992) 415). Without a cell it is 0,
    whichever experts are open.
    """
    n_experts = len(open_to)
    means = np.concatenate([among(prior.mean[:n_experts], open_to), prior.mean[n_experts:]])
    places = np.concatenate([np.flatnonzero(open_to), np.arange(n_experts, len(means))])
    mean, precision = means[places], prior.precision[places]
    bent = near.curvature[np.ix_(places, places)] + np.diag(precision)
    right = near.linear[places] + precision * mean
    fit = right @ np.linalg.solve(bent, right) - precision @ mean**2
    return float(fit + np.log(precision).sum() - np.linalg.slogdet(bent)[1]) / 2


def worth_hearing(
    near: Expansion, prior: Prior, open_to: NDArray[np.bool_], tolerance: float
) -> NDArray[np.bool_]:
    """``(E,) bool``: the open experts less those that the cells speak against, one by one.

    Parameters
    ----------
    near
        The loss of a task near its weights with all open experts.
    prior
        Prior of the weights and shifts.
    open_to
        ``(E,)``: of these; one stays.
    tolerance
        Nats by which the evidence must rise for an expert to be closed: doubt keeps it open.
    """
    kept = open_to & (near.at[: len(open_to)] > 0)
    if not kept.any():
        return open_to
    now = log_evidence(near, prior, kept)
    while kept.sum() > 1:
        without = [kept & (np.arange(len(kept)) != e) for e in np.flatnonzero(kept)]
        found = [log_evidence(near, prior, each) for each in without]
        best = int(np.argmax(found))
        if not found[best] > now + tolerance:
            break
        kept, now = without[best], found[best]
    return kept
