"""How far probabilities, intervals and selections keep what they promise; what others offer.

Others are asked on the same rows, MAPIE and scikit-fingerprints where they are installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.datasets import BITS
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.confidence.conformal import errors
from bioassay_mtl.confidence.evidence import LEVELS
from bioassay_mtl.confidence.grid import LARGEST, STEP, ScoreCounts
from bioassay_mtl.confidence.selection import benjamini_hochberg
from bioassay_mtl.panels.panel import Panel

Floats = NDArray[np.floating]
Labels = NDArray[np.int8]
Found = Iterator[tuple[str, float]]
RATES = (0.1, 0.3, 0.5)
N_BINS, N_ALIKE, N_PARTS = 15, 10, 5


def outcome_scores(probabilities: Floats, labels: Labels, when: str) -> Found:
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
        yield f"{name}_{when}", float(np.mean(found))


def reliability(probabilities: Floats, labels: Labels) -> Found:
    """Mean probability and share of actives of ten parts of all cells, by rising probability."""
    known = (labels >= 0) & ~np.isnan(probabilities)
    said, came = probabilities[known], labels[known] == 1
    for place, own in enumerate(np.array_split(np.argsort(said), 10), start=1):
        yield f"said_after_{place}", float(said[own].mean())
        yield f"came_after_{place}", float(came[own].mean())


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


def calibrated_alone(counts: ScoreCounts, logits: Floats, labels: Labels) -> Found:
    """Platt's and isotonic regression of each assay by itself, on the rows that ours has."""
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression

    place = np.arange(counts.active.shape[1]) * STEP - LARGEST
    x, y = np.tile(place, 2), np.repeat([1, 0], len(place))
    platt, isotonic = (1 / (1 + np.exp(-logits)) for _ in range(2))
    for task in np.flatnonzero((counts.active.sum(1) > 0) & (counts.inactive.sum(1) > 0)):
        n, z = np.concatenate([counts.active[task], counts.inactive[task]]), logits[:, task]
        known = ~np.isnan(z)
        plain = LogisticRegression(C=1e6).fit(x[:, None], y, n)
        platt[known, task] = plain.predict_proba(z[known, None])[:, 1]
        isotonic[known, task] = (
            IsotonicRegression(out_of_bounds="clip").fit(x, y, n).predict(z[known])
        )
    for name, said in (("platt", platt), ("isotonic", isotonic)):
        yield from outcome_scores(said, labels, name)


def bits(structures: list[str]) -> Floats:
    """``(n, 1024)``: Morgan, radius 2; zeros where a structure cannot be read."""
    made: Floats = Featurizer.from_config({"fingerprints": BITS})(structures).blocks["morgan"].raw()
    return made


def domain_checkers(train: list[str], test: list[str], error: Floats) -> Found:
    """Mean error ``(n,)`` of test molecules that each checker of scikit-fingerprints has inside."""
    if find_spec("skfp") is None:
        return
    from skfp import applicability_domain as skfp

    known, new = bits(train), bits(test)
    for name, checker in (
        ("knn", skfp.KNNADChecker(k=5, metric="tanimoto_binary_distance")),
        ("pca_box", skfp.PCABoundingBoxADChecker()),
        ("leverage", skfp.LeverageADChecker()),
        ("centroid", skfp.DistanceToCentroidADChecker()),
    ):
        yield from inside_and_outside(f"skfp_{name}", checker.fit(known).predict(new) > 0, error)


def inside_and_outside(name: str, inside: NDArray[np.bool_], error: Floats) -> Found:
    """Mean error of both, and how many are outside."""
    yield f"share_outside_{name}", float((~inside).mean())
    for where, own in (("inside", inside), ("outside", ~inside)):
        if own.any():
            yield f"error_{where}_{name}", float(np.nanmean(error[own]))


def mapie_intervals(train: Panel, test: Panel, seed: int) -> Found:
    """MAPIE's split conformal intervals about a forest for each assay, which knows no bounds."""
    if find_spec("mapie") is None:
        return
    from mapie.regression import SplitConformalRegressor
    from sklearn.ensemble import RandomForestRegressor

    known, new = bits(list(train.structures or [])), bits(list(test.structures or []))
    away, widths = [], []
    for task in range(len(train.tasks)):
        rows, values, bound = train.cells.of_task(task)
        exact = np.ones(len(rows), bool) if bound is None else bound == 0
        rows, values = rows[exact], values[exact]
        order = np.random.default_rng(seed).permutation(len(rows))
        fit, held = order[len(order) // 5 :], order[: len(order) // 5]
        at, truth, bounds = test.cells.of_task(task)
        if len(held) * (1 - max(LEVELS)) <= 1 or not len(at):  # MAPIE refuses so few
            continue
        forest = RandomForestRegressor(50, max_features=0.3, random_state=seed)
        made = SplitConformalRegressor(forest, confidence_level=list(LEVELS), prefit=False)
        made.fit(known[rows[fit]], values[fit]).conformalize(known[rows[held]], values[held])
        said, ends = made.predict_interval(new[at])
        away.append(errors(said, truth.astype(np.float64), bounds))
        widths.append((ends[:, 1] - ends[:, 0]) / 2)
    if not away:
        return
    far, width = np.concatenate(away), np.concatenate(widths)
    for place, level in enumerate(LEVELS):
        yield f"coverage_at_{level:.0%}_mapie", float((far <= width[:, place]).mean())
        yield f"half_width_at_{level:.0%}_mapie", float(width[:, place].mean())
