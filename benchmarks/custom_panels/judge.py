"""Scores of predictions: of outcomes as of every rival, of values with their bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.custom_panels.panels import CustomPanel
from benchmarks.harness.datasets import Rows
from benchmarks.harness.ledger import Entry, Key, make_entry
from benchmarks.harness.scores import macro_ap, score_all
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.tasks.kinds import Censored

OF_VALUES = ("rmse", "concordance", "r2")


def choice_score(data: CustomPanel, guess: NDArray[np.floating]) -> float:
    """What a network is stopped by, from its predictions (n_valid, T) of the validation rows.

    Macro average precision; of values the mean RMSE of the exact ones with its sign turned.
    """
    if data.is_binary:
        return macro_ap(data.panel.labels[data.parts.valid], guess, data.panel.tasks)
    return -float(np.mean(_values(data, data.parts.valid, guess)["rmse"]))


def scored(
    data: CustomPanel, key: Key, guess: NDArray[np.floating], seconds: float, notes: dict[str, Any]
) -> Entry:
    """The entry of a piece of work, from its predictions (n_test, T) of the test rows."""
    test, tasks = data.parts.test, data.panel.tasks
    if data.is_binary:
        return make_entry(key, score_all(data.panel.labels[test], guess, tasks), seconds, notes)
    values = {n: v.round(5).tolist() for n, v in _values(data, test, guess).items()}
    bare = make_entry(key, {}, seconds, notes | {"values": values})
    return replace(bare, assays=list(tasks))


def _values(
    data: CustomPanel, rows: Rows, guess: NDArray[np.floating]
) -> dict[str, NDArray[np.float64]]:
    """As of values with bounds, also where there are none: exact ones have pairs in order too."""
    panel = data.panel
    bounds = None if panel.bounds is None else panel.bounds[rows]
    kinds = [Censored()] * len(panel.tasks)
    found = evaluate(panel.labels[rows], guess, panel.tasks, kinds=kinds, bounds=bounds)
    return {name: found.values[name] for name in OF_VALUES}
