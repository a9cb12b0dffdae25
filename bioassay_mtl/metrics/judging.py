"""Judging of task types: when one can be judged, and what chance scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bioassay_mtl.registry import Registry


@dataclass(frozen=True)
class Judging:
    """Judging of tasks of one kind.

    Parameters
    ----------
    telling
        Metrics of which one is defined wherever a task has two different outcomes.
    by_chance
        Score by metric of a model that knows nothing, whatever the labels are, the telling one
        first: for R2 the mean for every molecule.
    """

    telling: tuple[str, ...]
    by_chance: Mapping[str, float] = field(default_factory=dict)


kind_judging: Registry[Judging] = Registry("kind's judging")
"""Judging by the name of a kind."""

kind_judging.register("binary")(Judging(("roc_auc",), {"roc_auc": 0.5}))
kind_judging.register("multiclass")(Judging(("balanced_accuracy",), {"roc_auc_ovr": 0.5}))
kind_judging.register("ordinal")(
    Judging(("balanced_accuracy",), {"roc_auc_ovr": 0.5, "quadratic_kappa": 0.0})
)
kind_judging.register("regression")(Judging(("r2",), {"r2": 0.0, "spearman": 0.0}))
kind_judging.register("censored")(Judging(("r2", "concordance"), {"concordance": 0.5, "r2": 0.0}))
