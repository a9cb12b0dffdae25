"""Scores of a model that knows nothing, for the metrics that tell it from one that does."""

from __future__ import annotations

import numpy as np

from bioassay_mtl.metrics.evaluation import Evaluation
from bioassay_mtl.metrics.judging import kind_judging


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
    Scores by metric, the telling one first: those of the kind's
    :class:`~bioassay_mtl.metrics.judging.Judging`, and for binary assays the average precision,
    which by chance is the share of actives.
    """
    known = dict(kind_judging[kind].by_chance)
    chosen = found.evaluable & np.array([of.kind == kind and of.has_actives for of in found.kinds])
    if chosen.any():
        shares = found.n_actives[chosen] / (found.n_actives + found.n_inactives)[chosen]
        known["average_precision"] = float(shares.mean())
    return known


def is_beyond_chance(found: Evaluation, kind: str) -> bool:
    """Whether the first of those metrics is above chance by more than its 95 % interval.

    Without an interval (no bootstrap), or where the metric is not defined, nothing is beyond it.
    """
    name, base = next(iter(by_chance(found, kind).items()), ("", 0.0))
    low, _ = found.kind_macro_intervals.get(kind, {}).get(name, (np.nan, np.nan))
    return bool(low > base)
