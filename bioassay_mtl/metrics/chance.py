"""What a model that knows nothing scores, for the metrics that tell it from one that does."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.metrics.evaluation import Evaluation

RANKS_AT_RANDOM = {
    "binary": {"roc_auc": 0.5},
    "multiclass": {"roc_auc_ovr": 0.5},
    "ordinal": {"roc_auc_ovr": 0.5, "quadratic_kappa": 0.0},
    "regression": {"r2": 0.0, "spearman": 0.0},
    "censored": {"concordance": 0.5, "r2": 0.0},
}
"""By kind and metric, whatever the labels are: for R2 the mean for every molecule."""


def by_chance(found: Evaluation, kind: str) -> dict[str, float]:
    """Scores of a model that knows nothing, means over the evaluable assays of a kind.

    Parameters
    ----------
    found
        Metrics of some assays.
    kind
        One of their kinds.

    Returns
    -------
    By metric, the telling one first: those of :data:`RANKS_AT_RANDOM`, and for binary assays the
    average precision, which by chance is the share of actives.
    """
    known = dict(RANKS_AT_RANDOM.get(kind, {}))
    if kind == "binary" and found.evaluable.any():
        chosen = found.evaluable & np.array([each.kind == kind for each in found.kinds])
        shares = found.n_actives[chosen] / (found.n_actives + found.n_inactives)[chosen]
        known["average_precision"] = float(shares.mean())
    return known


def is_beyond_chance(found: Evaluation, kind: str) -> bool:
    """Whether the first of those metrics is above chance by more than its 95 % interval.

    Without an interval (no bootstrap), or where the metric is not defined, nothing is beyond it.
    """
    name, base = next(iter(by_chance(found, kind).items()))
    low, _ = found.kind_macro_intervals.get(kind, {}).get(name, (np.nan, np.nan))
    return bool(low > base)
