"""Metrics of several held-out sets as one: their mean, and how far they scatter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

_COUNTS = ("task", "kind", "n_measured", "n_actives", "n_inactives")


def over_folds(found: Sequence[Mapping[str, Any]], repeats: int = 1) -> dict[str, Any]:
    """Mean and standard deviation of every metric over folds.

    Parameters
    ----------
    found
        Metrics of the same assays in each fold, as
        :meth:`~bioassay_mtl.metrics.evaluation.Evaluation.to_json` gives them.
    repeats
        Folds in which each molecule is held out: it is counted once.

    Returns
    -------
    In that form: each metric is the mean over the folds in which it is defined, and
    ``<metric>_sd`` the standard deviation (n - 1; None from one fold). ``n_folds`` of an assay
    counts the folds that hold enough of its outcomes; ``degenerate_tasks`` have none.
    """
    tasks = [
        _task([each["tasks"][place] for each in found], found, repeats)
        for place in range(_n(found))
    ]
    kinds = found[0].get("macro_by_kind", {})
    by_kind = {kind: _over([each["macro_by_kind"][kind] for each in found]) for kind in kinds}
    return {
        "n_molecules": sum(each["n_molecules"] for each in found) // repeats,
        "n_folds": len(found),
        "n_tasks": len(tasks),
        "n_tasks_in_macro": sum(row["n_folds"] > 0 for row in tasks),
        "degenerate_tasks": [row["task"] for row in tasks if not row["n_folds"]],
        "macro": _over([each["macro"] for each in found]),
        **({"macro_by_kind": by_kind} if by_kind else {}),
        "tasks": tasks,
        "folds": [{"n_molecules": e["n_molecules"], "macro": e["macro"]} for e in found],
    }


def _n(found: Sequence[Mapping[str, Any]]) -> int:
    return len(found[0]["tasks"])


def _task(
    rows: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]], repeats: int
) -> dict[str, Any]:
    """One assay: what it is, its counts in all folds, and its metrics."""
    first = rows[0]
    telling = [
        row
        for row, each in zip(rows, found, strict=True)
        if first["task"] not in each["degenerate_tasks"]
    ]
    counts = {
        name: first[name] if name in ("task", "kind") else sum(row[name] for row in rows) // repeats
        for name in _COUNTS
        if name in first
    }
    metrics = [name for name in first if name not in _COUNTS]
    return {**counts, "n_folds": len(telling), **_over(telling, metrics)}


def _over(
    values: Sequence[Mapping[str, float | None]], names: Iterable[str] | None = None
) -> dict[str, float | None]:
    """The mean of each metric, and the standard deviation beside it."""
    found: dict[str, float | None] = {}
    for name in values[0] if names is None else names:
        defined = [value for each in values if (value := each[name]) is not None]
        found[name] = float(np.mean(defined)) if defined else None
        found[f"{name}_sd"] = float(np.std(defined, ddof=1)) if len(defined) > 1 else None
    return found
