"""Evaluation of predictions, per assay and over assays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.metrics import classes as _classes  # noqa: F401, they register metrics
from bioassay_mtl.metrics import values as _values  # noqa: F401
from bioassay_mtl.metrics.bootstrap import bootstrap, bootstrap_interval
from bioassay_mtl.metrics.cells import by_task, checked_predictions, kind_cells
from bioassay_mtl.metrics.judging import kind_judging
from bioassay_mtl.metrics.metric import Limits
from bioassay_mtl.metrics.ranking import Floats
from bioassay_mtl.metrics.registries import kind_metrics
from bioassay_mtl.tasks.kinds import TaskKind, complete
from bioassay_mtl.tasks.measured import MeasuredCells

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Metrics of T assays and their means over the assays of each kind.

    Parameters
    ----------
    tasks
        T names.
    n_molecules
        Rows that were evaluated.
    n_actives, n_inactives
        ``(T,)``: measured molecules; 0 of tasks that are not binary.
    values
        ``(T,)`` per metric; NaN where it is not defined, or is no metric of the task's kind.
    kind_macro
        Mean of each metric by kind, over the assays that are :attr:`evaluable`; NaN where there is
        none.
    kinds
        Kind of each task.
    n_measured
        ``(T,)``: measured molecules.
    evaluable
        ``(T,) bool``: assays that the means are over: with an active and an inactive, with two
        classes, with two different exact values or, of a censored task, a pair of known order.
    intervals, kind_macro_intervals
        Ends of the 95 % bootstrap intervals per metric, ``(T, 2)`` and ``(2,)``, around the value
        (:func:`~bioassay_mtl.metrics.bootstrap.bootstrap_interval`); None without a bootstrap.
    """

    tasks: tuple[str, ...]
    n_molecules: int
    n_actives: NDArray[np.int64]
    n_inactives: NDArray[np.int64]
    values: dict[str, Floats]
    kind_macro: dict[str, dict[str, float]]
    kinds: tuple[TaskKind, ...]
    n_measured: NDArray[np.int64]
    evaluable: NDArray[np.bool_]
    intervals: dict[str, Floats] | None = None
    kind_macro_intervals: dict[str, dict[str, Floats]] = field(default_factory=dict)

    @property
    def is_mixed(self) -> bool:
        """Whether some assay has more to tell than actives and inactives."""
        return not all(kind.has_actives for kind in self.kinds)

    @property
    def macro(self) -> dict[str, float]:
        """Means over the binary assays; of panels without any, over those of the first kind."""
        return next(iter(_binary_first(self.kind_macro).values()), {})

    @property
    def degenerate(self) -> tuple[str, ...]:
        """Names of the assays that are not evaluable."""
        return tuple(np.array(self.tasks, dtype=object)[~self.evaluable])

    def table(self) -> pd.DataFrame:
        """One row an assay: counts, metrics, and ``<metric>_low``, ``<metric>_high``.

        With tasks that are not binary, the first columns are ``kind`` and ``n_measured``.
        """
        import pandas as pd

        columns: dict[str, Any] = {}
        if self.is_mixed:
            columns |= {"kind": [k.kind for k in self.kinds], "n_measured": self.n_measured}
        columns |= {"n_actives": self.n_actives, "n_inactives": self.n_inactives}
        for name, values in self.values.items():
            columns[name] = values
            if self.intervals is not None:
                columns[f"{name}_low"], columns[f"{name}_high"] = self.intervals[name].T
        return pd.DataFrame(columns, index=pd.Index(self.tasks, name="task"))

    def to_json(self) -> dict[str, Any]:
        """All of it as plain lists and numbers; None where a value is not defined.

        With tasks that are not binary, ``macro_by_kind`` has the means of every kind.
        """
        per_task = self.table().reset_index().to_dict(orient="records")
        macros = {
            kind: _macro_json(macro, self.kind_macro_intervals.get(kind, {}))
            for kind, macro in _binary_first(self.kind_macro).items()
        }
        more = {} if not self.is_mixed else {"macro_by_kind": macros}
        return {
            "n_molecules": self.n_molecules,
            "n_tasks": len(self.tasks),
            "n_tasks_in_macro": int(np.count_nonzero(self.evaluable)),
            "degenerate_tasks": list(self.degenerate),
            "macro": next(iter(macros.values()), {}),
            **more,
            "tasks": [{str(k): _plain(v) for k, v in row.items()} for row in per_task],
        }


def evaluate(
    labels: NDArray[Any] | MeasuredCells,
    predictions: NDArray[np.floating[Any]],
    tasks: Sequence[str],
    *,
    kinds: Sequence[TaskKind] | None = None,
    bounds: NDArray[np.int8] | None = None,
    n_bootstrap: int = 0,
    seed: int = 0,
) -> Evaluation:
    """Evaluate predictions over the measured cells.

    Parameters
    ----------
    labels
        ``(n, T)`` as in a panel: of binary tasks 1 active, 0 inactive, and -1 not measured; with
        others classes and values, and NaN not measured. Or measured cells (``panel.cells``), which
        have their bounds.
    predictions
        ``(n, n_columns)``, as a model of these tasks gives them: of a binary task one column of
        probabilities, of classes one for each, of values one. Those of unmeasured cells are not
        looked at. Or ``(P,)``, those of the measured cells alone: of each cell, by row and task,
        all its columns.
    tasks
        T names.
    kinds
        Kind of each task; None for binary ones.
    bounds
        ``(n, T)`` of censored tasks, as in a panel; None where all values are exact.
    n_bootstrap
        Resamples of the molecules for confidence intervals; 0 for none. A resample in which a
        metric of an assay is not defined does not count for it.
    seed
        Seed of the resamples.

    Raises
    ------
    InputError
        If shapes differ, or a measured cell has no prediction.
    """
    chosen = complete(kinds, len(tasks))
    cells = _measured(labels, bounds)
    predicted = checked_predictions(cells, np.asarray(predictions), tasks, chosen)
    found = [
        kind_cells[kind.kind](measured, some)
        for kind, (measured, some) in zip(chosen, by_task(cells, predicted, chosen), strict=True)
    ]
    names = list(dict.fromkeys(name for kind in chosen for name in kind_metrics[kind.kind]))
    values = {name: np.full(len(tasks), np.nan) for name in names}
    for task, (kind, measured) in enumerate(zip(chosen, found, strict=True)):
        for name, metric in kind_metrics[kind.kind].items():
            values[name][task] = metric.compute(measured)[0]
    has_actives = np.array([kind.has_actives for kind in chosen], dtype=np.bool_)
    evaluable = np.array([_is_evaluable(k, v) for k, v in _values_by_task(chosen, values)], bool)
    point = Evaluation(
        tasks=tuple(tasks),
        n_molecules=cells.n_rows,
        n_actives=cells.counts_of(1) * has_actives,
        n_inactives=cells.counts_of(0) * has_actives,
        values=values,
        kind_macro={
            kind: {
                name: float(_mean(values[name][evaluable & members, None])[0])
                for name in kind_metrics[kind]
            }
            for kind, members in _members(chosen).items()
        },
        kinds=chosen,
        n_measured=cells.counts,
        evaluable=evaluable,
    )
    if not n_bootstrap or not cells.n_rows:
        return point
    drawn = bootstrap(found, [k.kind for k in chosen], names, cells.n_rows, n_bootstrap, seed)
    return Evaluation(
        **{
            **vars(point),
            "intervals": {
                name: bootstrap_interval(of_tasks, values[name], _limits(name))
                for name, of_tasks in zip(names, drawn, strict=True)
            },
            "kind_macro_intervals": {
                kind: {
                    name: bootstrap_interval(
                        _mean(drawn[names.index(name), evaluable & members]),
                        np.array(point.kind_macro[kind][name]),
                        metric.limits,
                    )
                    for name, metric in kind_metrics[kind].items()
                }
                for kind, members in _members(chosen).items()
            },
        }
    )


def _limits(name: str) -> Limits:
    """Limits of a metric, which are those of every kind that has it."""
    return next(metrics[name].limits for metrics in kind_metrics.values() if name in metrics)


def _measured(
    labels: NDArray[Any] | MeasuredCells, bounds: NDArray[np.int8] | None
) -> MeasuredCells:
    if isinstance(labels, MeasuredCells):
        return labels
    labels = np.asarray(labels)
    sides = None if bounds is None else np.asarray(bounds, np.int8)
    return MeasuredCells.from_dense(labels, sides)


def _values_by_task(
    kinds: Sequence[TaskKind], values: dict[str, Floats]
) -> Iterator[tuple[str, dict[str, float]]]:
    for task, kind in enumerate(kinds):
        yield kind.kind, {name: float(values[name][task]) for name in kind_metrics[kind.kind]}


def _is_evaluable(kind: str, values: dict[str, float]) -> bool:
    """Whether the metrics that need two outcomes are defined."""
    return any(math.isfinite(values[name]) for name in kind_judging[kind].telling)


def _members(kinds: Sequence[TaskKind]) -> dict[str, NDArray[np.bool_]]:
    """``(T,) bool`` of each kind that occurs."""
    names = np.array([kind.kind for kind in kinds], dtype=object)
    return {name: np.equal(names, name).astype(np.bool_) for name in dict.fromkeys(names)}


def _binary_first(by_kind: dict[str, T]) -> dict[str, T]:
    return dict(sorted(by_kind.items(), key=lambda item: item[0] != "binary"))


def _macro_json(macro: dict[str, float], intervals: dict[str, Floats]) -> dict[str, Any]:
    held: dict[str, Any] = {name: _plain(value) for name, value in macro.items()}
    for name, (low, high) in intervals.items():
        held |= {f"{name}_low": _plain(low), f"{name}_high": _plain(high)}
    return held


def _mean(values: Floats) -> Floats:
    """Mean over the first axis, NaN aside, ``(R,)``."""
    counts = np.isfinite(values).sum(axis=0)
    with np.errstate(invalid="ignore"):
        means: Floats = np.nansum(values, axis=0) / counts
    return means


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
