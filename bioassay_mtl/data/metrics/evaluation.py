"""How good predictions are, per assay and over assays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.data.metrics.bootstrap import bootstrap, percentile_interval
from bioassay_mtl.data.metrics.metric import metrics
from bioassay_mtl.data.metrics.ranking import Floats, Ranking
from bioassay_mtl.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Metrics of T assays and their mean.

    Parameters
    ----------
    tasks
        T names.
    n_molecules
        Rows that were evaluated.
    n_actives, n_inactives
        ``(T,)``: measured molecules.
    values
        ``(T,)`` per metric; NaN where it is not defined.
    macro
        Mean of each metric over the assays with at least one active and one inactive
        (:attr:`evaluable`); NaN where there is none.
    intervals, macro_intervals
        Ends of the 95 % percentile bootstrap intervals per metric, ``(T, 2)`` and ``(2,)``; None
        without a bootstrap.
    """

    tasks: tuple[str, ...]
    n_molecules: int
    n_actives: NDArray[np.int64]
    n_inactives: NDArray[np.int64]
    values: dict[str, Floats]
    macro: dict[str, float]
    intervals: dict[str, Floats] | None = None
    macro_intervals: dict[str, Floats] | None = None

    @property
    def evaluable(self) -> NDArray[np.bool_]:
        """``(T,) bool``: assays with an active and an inactive, those that the mean is over."""
        return np.logical_and(self.n_actives > 0, self.n_inactives > 0)

    @property
    def degenerate(self) -> tuple[str, ...]:
        """Names of the other assays."""
        return tuple(np.array(self.tasks, dtype=object)[~self.evaluable])

    def table(self) -> pd.DataFrame:
        """One row an assay: counts, metrics, and ``<metric>_low``, ``<metric>_high``."""
        import pandas as pd

        columns: dict[str, Any] = {"n_actives": self.n_actives, "n_inactives": self.n_inactives}
        for name, values in self.values.items():
            columns[name] = values
            if self.intervals is not None:
                columns[f"{name}_low"], columns[f"{name}_high"] = self.intervals[name].T
        return pd.DataFrame(columns, index=pd.Index(self.tasks, name="task"))

    def to_json(self) -> dict[str, Any]:
        """All of it as plain lists and numbers; None where a value is not defined."""
        per_task = self.table().reset_index().to_dict(orient="records")
        macro: dict[str, Any] = {name: _plain(value) for name, value in self.macro.items()}
        for name, (low, high) in (self.macro_intervals or {}).items():
            macro |= {f"{name}_low": _plain(low), f"{name}_high": _plain(high)}
        return {
            "n_molecules": self.n_molecules,
            "n_tasks": len(self.tasks),
            "n_tasks_in_macro": int(np.count_nonzero(self.evaluable)),
            "degenerate_tasks": list(self.degenerate),
            "macro": macro,
            "tasks": [{str(k): _plain(v) for k, v in row.items()} for row in per_task],
        }


def evaluate(
    labels: NDArray[Any],
    probabilities: NDArray[np.floating[Any]],
    tasks: Sequence[str],
    *,
    n_bootstrap: int = 0,
    seed: int = 0,
) -> Evaluation:
    """Evaluate predictions over the measured cells.

    Parameters
    ----------
    labels
        ``(n, T)``: 1 active, 0 inactive, -1 not measured.
    probabilities
        ``(n, T)`` in [0, 1]; those of unmeasured cells are not looked at.
    tasks
        T names.
    n_bootstrap
        Resamples of the molecules for confidence intervals; 0 for none. A resample without an
        active or an inactive of an assay does not count for that assay.
    seed
        Of the resamples.

    Raises
    ------
    InputError
        Where shapes differ, or a measured cell has no probability.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    if labels.shape != probabilities.shape or labels.shape[1:] != (len(tasks),):
        raise InputError(
            f"labels {labels.shape}, probabilities {probabilities.shape} and {len(tasks)} task "
            "names do not fit together"
        )
    faulty = (labels >= 0) & ~((probabilities >= 0) & (probabilities <= 1))
    if faulty.any():
        row, task = np.argwhere(faulty)[0]
        raise InputError(
            f"{np.count_nonzero(faulty)} measured cells have no probability: row {row}, "
            f"{tasks[task]!r} has {probabilities[row, task]}",
            hint="leave out the molecules that could not be predicted",
        )
    rankings = [Ranking.of(y, p) for y, p in zip(labels.T, probabilities.T, strict=True)]
    values = {
        name: np.array([m.compute(ranking)[0] for ranking in rankings])
        for name, m in metrics.items()
    }
    n_actives: NDArray[np.int64] = np.sum(labels == 1, axis=0, dtype=np.int64)
    n_inactives: NDArray[np.int64] = np.sum(labels == 0, axis=0, dtype=np.int64)
    evaluable = (n_actives > 0) & (n_inactives > 0)
    point = Evaluation(
        tuple(tasks),
        len(labels),
        n_actives,
        n_inactives,
        values,
        {name: float(_mean(value[evaluable, None])[0]) for name, value in values.items()},
    )
    if not n_bootstrap or not len(labels):
        return point
    drawn = bootstrap(rankings, list(metrics.values()), len(labels), n_bootstrap, seed)
    return Evaluation(
        **{
            **vars(point),
            "intervals": dict(zip(metrics, percentile_interval(drawn), strict=True)),
            "macro_intervals": {
                name: percentile_interval(_mean(found[evaluable]))
                for name, found in zip(metrics, drawn, strict=True)
            },
        }
    )


def _mean(values: Floats) -> Floats:
    """Mean over the first axis, NaN aside, ``(R,)``."""
    counts = np.isfinite(values).sum(axis=0)
    with np.errstate(invalid="ignore"):
        means: Floats = np.nansum(values, axis=0) / counts
    return means


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
