"""What others offer, on the same rows; MAPIE and scikit-fingerprints where they are installed.

chemprop has Platt and isotonic calibration and the spread of an ensemble, too: here these are
scikit-learn's, of the same logits, and an ensemble of ours.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from benchmarks.trust.measures import Floats, Found, Labels, outcome_scores
from bioassay_mtl.confidence.conformal import errors
from bioassay_mtl.confidence.evidence import LEVELS
from bioassay_mtl.confidence.grid import LARGEST, STEP, ScoreCounts
from bioassay_mtl.panels.panel import Panel


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
        yield from ((f"{metric}_{name}", value) for metric, value in outcome_scores(said, labels))


def bits(structures: list[str]) -> Floats:
    """``(n, 1024)``: Morgan, radius 2; zeros where a structure cannot be read."""
    made = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    read = (Chem.MolFromSmiles(each) for each in structures)
    return np.array([np.zeros(1024) if m is None else made.GetFingerprintAsNumPy(m) for m in read])


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
        if (len(held) + 1) * (1 - max(LEVELS)) < 1 or not len(at):  # MAPIE refuses so few
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
