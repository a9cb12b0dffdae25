"""How far probabilities, intervals and selections keep what they promise, by assay."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.confidence.selection import benjamini_hochberg

Floats = NDArray[np.floating]
Labels = NDArray[np.int8]
Found = Iterator[tuple[str, float]]
RATES = (0.1, 0.3, 0.5)
N_BINS, N_ALIKE, N_PARTS = 15, 10, 5


def outcome_scores(probabilities: Floats, labels: Labels) -> Found:
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


def reliability(probabilities: Floats, labels: Labels, when: str) -> Found:
    """Mean probability and share of actives of ten parts of all cells, by rising probability."""
    known = (labels >= 0) & ~np.isnan(probabilities)
    said, came = probabilities[known], labels[known] == 1
    for place, own in enumerate(np.array_split(np.argsort(said), 10), start=1):
        yield f"said_{when}_{place}", float(said[own].mean())
        yield f"came_{when}_{place}", float(came[own].mean())


def columns(said: Floats, labels: Labels) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
    """What was said of each assay's measured cells, where both outcomes are there."""
    for own, label in zip(said.T, labels.T, strict=True):
        known = (label >= 0) & ~np.isnan(own)
        if 0 < (label[known] == 1).sum() < known.sum():
            yield own[known].astype(np.float64), label[known] == 1


def error_by(what: str, errors: Floats, alike: Floats, by: Floats) -> Found:
    """Mean error of cells ``(n, T)`` in five parts, by rising ``by``; NaN where not known.

    Of each assay, among cells whose prediction ``alike`` is about the same (ten groups): spread or
    distance says something only where it says more than the prediction does.
    """
    sums = np.zeros((2, N_PARTS))
    for error, own, of in zip(errors.T, alike.T, by.T, strict=True):
        known = np.flatnonzero(~np.isnan(error) & ~np.isnan(own) & ~np.isnan(of))
        for group in np.array_split(known[np.argsort(own[known])], N_ALIKE):
            for place, cells in enumerate(np.array_split(group[np.argsort(of[group])], N_PARTS)):
                sums[:, place] += error[cells].sum(), len(cells)
    for place, mean in enumerate(sums[0] / np.maximum(sums[1], 1), start=1):
        yield f"error_by_{what}_{place}", float(mean)


def false_share(p_values: Floats, labels: Labels) -> Found:
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
