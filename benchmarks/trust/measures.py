"""How far probabilities, intervals and selections keep what they promise, by assay."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.confidence.selection import benjamini_hochberg

Floats = NDArray[np.floating]
Labels = NDArray[np.int8]
RATES = (0.1, 0.3, 0.5)
N_BINS = 15


def outcome_scores(probabilities: Floats, labels: Labels) -> Iterator[tuple[str, float]]:
    """Macro log loss, Brier score and calibration error of ``(n, T)``; labels -1 not measured."""
    losses, briers, errors = [], [], []
    for said, came in columns(probabilities, labels):
        p = np.clip(said, 1e-7, 1 - 1e-7)
        losses.append(-np.where(came, np.log(p), np.log1p(-p)).mean())
        briers.append(((said - came) ** 2).mean())
        bins = np.array_split(np.argsort(said), N_BINS)
        gaps = [abs(said[own].mean() - came[own].mean()) * len(own) for own in bins if len(own)]
        errors.append(sum(gaps) / len(said))
    for name, found in (("log_loss", losses), ("brier", briers), ("calibration_error", errors)):
        yield name, float(np.mean(found))


def columns(said: Floats, labels: Labels) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
    """What was said of each assay's measured cells, where both outcomes are there."""
    for own, label in zip(said.T, labels.T, strict=True):
        known = (label >= 0) & ~np.isnan(own)
        if 0 < (label[known] == 1).sum() < known.sum():
            yield own[known].astype(np.float64), label[known] == 1


def error_by_spread(
    probabilities: Floats, spread: Floats, labels: Labels
) -> Iterator[tuple[str, float]]:
    """Mean squared error of the quarter of cells with the least and the most spread.

    Of each assay, among cells of about the same probability (ten groups): spread says something
    only where it says more than the probability does.
    """
    found = np.zeros((2, 2))
    for own, label, apart in zip(probabilities.T, labels.T, spread.T, strict=True):
        known = np.flatnonzero((label >= 0) & ~np.isnan(own) & ~np.isnan(apart))
        for group in np.array_split(known[np.argsort(own[known])], 10):
            order, n = group[np.argsort(apart[group])], len(group) // 4
            for which, cells in enumerate((order[:n], order[len(order) - n :])):
                found[which] += ((own[cells] - (label[cells] == 1)) ** 2).sum(), n
    least, most = found[:, 0] / np.maximum(found[:, 1], 1)
    yield "error_least_spread", float(least)
    yield "error_most_spread", float(most)


def false_share(p_values: Floats, labels: Labels) -> Iterator[tuple[str, float]]:
    """Of selections at each rate: mean share of false ones over assays, and share of actives found.

    An assay in which nothing is selected has no false ones.
    """
    every = list(columns(p_values, labels))
    for rate in RATES:
        false, power = [], []
        for p, came in every:
            chosen = benjamini_hochberg(p, rate)
            false.append((chosen & ~came).sum() / max(1, chosen.sum()))
            power.append((chosen & came).sum() / came.sum())
        yield f"false_share_at_{rate:.0%}", float(np.mean(false))
        yield f"actives_found_at_{rate:.0%}", float(np.mean(power))
