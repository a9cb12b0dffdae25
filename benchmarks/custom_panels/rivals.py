"""Usual alternatives, tuned: forest, LightGBM, XGBoost, a linear model, and the mean of trees.

Each reads Morgan counts and descriptors, and fits one model an assay. Of its settings eight are
drawn, each fitted to four fifths of the rows that a user brings and scored on the rest (dealt as
the panel is, by scaffold or at random; forests of 100 trees there); the best is fitted to all of
them (forests of 500). Held-out rows are predicted once, and play no part.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from scipy.stats import rankdata

from benchmarks.custom_panels.draws import DrawnPanel
from benchmarks.harness.contenders import (
    AssayModel,
    FitPredict,
    Outcome,
    forest,
    lightgbm,
    linear,
    xgboost,
)
from benchmarks.harness.datasets import Rows
from benchmarks.harness.ledger import Floats
from bioassay_mtl.metrics import average_precision, roc_auc

TRIALS = 8
MOST_TUNED = 4
"""Assays, those of most measured cells or actives, that settings are scored on."""
MEAN_OF = ("forest", "LightGBM", "XGBoost")
MEAN = "mean of the three"
Inputs = tuple[NDArray[np.float32], csr_matrix]
"""Counts and descriptors for trees, log counts for the linear model."""


@dataclass(frozen=True)
class Rival:
    """A kind of model, what trials are drawn from, and settings of all and of the last fit."""

    fit_predict: FitPredict
    grid: Mapping[str, list[Any]]
    dense: bool = True
    fixed: Mapping[str, Any] = field(default_factory=dict)
    final: Mapping[str, Any] = field(default_factory=dict)

    def trials(self, n: int) -> list[dict[str, Any]]:
        """The same settings for every panel."""
        every = [
            dict(zip(self.grid, values, strict=True)) for values in product(*self.grid.values())
        ]
        order = np.random.default_rng(0).permutation(len(every))[:n]
        return [every[place] for place in order]

    def tuned(self, data: DrawnPanel, inputs: Inputs, n_trials: int = TRIALS) -> Outcome:
        """Predictions of the held-out rows by the best of the trials, fitted to all rows."""
        labels = data.panel.labels

        def predicted(settings: Mapping[str, Any], fit: Rows, new: Rows, tasks: list[int]) -> Any:
            model = AssayModel(self.fit_predict, {**self.fixed, **settings})
            x = inputs[0 if self.dense else 1]
            found = [model.predict(x, labels[:, t], fit, new, data.is_binary) for t in tasks]
            return np.stack(found, axis=1)

        tasks, trials = tuned_on(data), self.trials(n_trials)
        scores = [
            inner_score(data, predicted(each, data.fit, data.valid, tasks), tasks)
            for each in trials
        ]
        best = {**trials[int(np.argmax(scores))], **self.final}
        test = predicted(best, data.known, data.test, list(range(labels.shape[1])))
        return Outcome(test, {**best, "trials": n_trials})


KINDS = {"forest": forest, "LightGBM": lightgbm, "XGBoost": xgboost, "linear": linear}
_SETTINGS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
rivals = {
    name: Rival(fit, dense=fit is not linear, **_SETTINGS[name]) for name, fit in KINDS.items()
}


def inputs_of(data: DrawnPanel) -> Inputs:
    """Columns that are 0 in all rows brought are left away; a missing descriptor is 0."""
    block = data.inputs.blocks["morgan"]
    shape = (len(block), block.n_features)
    counts = csr_matrix((block.counts.astype(np.float32), block.indices, block.offsets), shape)
    counts = counts[:, np.flatnonzero(counts[data.known].getnnz(axis=0))]
    most = np.finfo(np.float32).max / 2
    more = np.clip(np.nan_to_num(data.inputs.blocks["descriptors"].raw()), -most, most)
    logs = counts.copy()
    logs.data = np.log2(1 + logs.data)
    both = np.hstack([counts.toarray(), more]).astype(np.float32)
    scaled = _in_standard_units(more, data.known)
    return both, csr_matrix(hstack([logs, 0.3 * scaled]), dtype=np.float32)


def _in_standard_units(values: Floats, known: Rows) -> Floats:
    """Ranks among the rows brought, from -1 to 1: no outlier is far away."""
    pairs = zip(np.sort(values[known], axis=0).T, values.T, strict=True)
    places = [np.searchsorted(column, each) for column, each in pairs]
    return np.stack(places, axis=1) * (2 / len(known)) - 1


def tuned_on(data: DrawnPanel) -> list[int]:
    """The assays that trials are scored on."""
    labels = data.panel.labels[data.known]
    size = (labels == 1).sum(axis=0) if data.is_binary else (~np.isnan(labels)).sum(axis=0)
    order: list[int] = np.argsort(-size, kind="stable")[:MOST_TUNED].tolist()
    return order


def inner_score(data: DrawnPanel, guess: Floats, tasks: list[int]) -> float:
    """Mean of AP and AUC, or the RMSE with its sign turned, over the validation rows."""
    truth = data.panel.labels[data.valid][:, tasks]
    if data.is_binary:
        found = np.concatenate([average_precision(truth, guess), roc_auc(truth, guess)])
    else:
        squares = np.ma.masked_invalid((truth - guess) ** 2)
        found = -np.sqrt(squares.mean(axis=0).filled(np.nan))
    found = found[~np.isnan(found)]
    return float(found.mean()) if len(found) else 0.0


def mean_of(found: list[Floats], outcomes: bool) -> Floats:
    """Mean of ranks among the held-out rows, for outcomes; of values, mean of values."""
    ranked = [rankdata(each, axis=0) if outcomes else each for each in found]
    return np.asarray(np.mean(ranked, axis=0))


def run_rivals(
    data: DrawnPanel, names: list[str], quick: bool = False
) -> dict[str, tuple[Outcome, float]]:
    """Outcomes by rival with their processor time, and of the mean where its members are there."""
    inputs, found = inputs_of(data), dict[str, tuple[Outcome, float]]()
    for name in names:
        start = time.process_time()
        outcome = rivals[name].tuned(data, inputs, 1 if quick else TRIALS)
        found[name] = (outcome, time.process_time() - start)
    if all(name in found for name in MEAN_OF):
        parts = [found[name] for name in MEAN_OF]
        mean = mean_of([outcome.test for outcome, _ in parts], data.is_binary)
        seconds = sum(seconds for _, seconds in parts)
        found[MEAN] = (Outcome(mean, {"of": list(MEAN_OF)}), seconds)
    return found
