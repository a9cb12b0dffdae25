"""Rivals tuned by one small budget: forest, LightGBM, XGBoost, a linear model, and their mean.

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
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.custom_panels.pools import DrawnPanel
from benchmarks.harness.contenders import Outcome
from benchmarks.harness.datasets import Rows
from benchmarks.harness.ledger import Floats
from benchmarks.harness.per_assay import (
    AssayModel,
    FitPredict,
    forest,
    lightgbm,
    linear,
    predict_assay,
    xgboost,
)

TRIALS = 8
MOST_TUNED = 4
"""Assays, those of most measured cells or actives, that settings are scored on."""
MEAN_OF = ("forest", "LightGBM", "XGBoost")
MEAN = "mean of the three"


@dataclass(frozen=True)
class Rival:
    """A kind of model, what trials are drawn from, and settings of all and of the last fit."""

    fit_predict: FitPredict
    grid: Mapping[str, tuple[Any, ...]]
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


rivals = {
    "forest": Rival(
        forest,
        {
            "max_features": ("sqrt", 0.05, 0.1, 0.2),
            "min_samples_leaf": (1, 2, 4),
            "class_weight": (None, "balanced_subsample"),
        },
        final={"n_estimators": 500},
    ),
    "LightGBM": Rival(
        lightgbm,
        {
            "n_estimators": (100, 300),
            "learning_rate": (0.03, 0.1),
            "num_leaves": (7, 15, 31),
            "min_child_samples": (5, 10, 20),
            "colsample_bytree": (0.1, 0.3),
            "reg_lambda": (0.0, 1.0, 10.0),
        },
    ),
    "XGBoost": Rival(
        xgboost,
        {
            "n_estimators": (100, 300),
            "learning_rate": (0.03, 0.1),
            "max_depth": (3, 5, 7),
            "min_child_weight": (1, 3),
            "colsample_bytree": (0.1, 0.3),
            "reg_lambda": (1.0, 10.0),
        },
        fixed={"subsample": 0.8},
    ),
    "linear": Rival(
        linear, {"penalty": (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)}, dense=False
    ),
}


@dataclass(frozen=True)
class Inputs:
    """What rivals read: counts and descriptors for trees, log counts for the linear model."""

    dense: NDArray[np.float32]
    logs: csr_matrix

    @classmethod
    def of(cls, data: DrawnPanel) -> Inputs:
        """Columns that are 0 in all rows brought are left away; a missing descriptor is 0."""
        block = data.inputs.blocks["morgan"]
        shape = (len(block), block.n_features)
        counts = csr_matrix((block.counts.astype(np.float32), block.indices, block.offsets), shape)
        counts = counts[:, np.flatnonzero(counts[data.known].getnnz(axis=0))]
        most = np.finfo(np.float32).max / 2
        more = np.clip(np.nan_to_num(data.inputs.blocks["descriptors"].raw()), -most, most)
        logs = counts.copy()
        logs.data = np.log2(1 + logs.data)
        scaled = _in_standard_units(more, data.known)
        both = np.hstack([counts.toarray(), more]).astype(np.float32)
        return cls(both, csr_matrix(hstack([logs, 0.3 * scaled]), dtype=np.float32))


def _in_standard_units(values: Floats, known: Rows) -> Floats:
    """Ranks among the rows brought, from -1 to 1: no outlier is far away."""
    sorted_ = np.sort(values[known], axis=0)
    places = [
        np.searchsorted(column, each) for column, each in zip(sorted_.T, values.T, strict=True)
    ]
    return np.stack(places, axis=1) * (2 / len(known)) - 1


def predictions(
    rival: Rival,
    data: DrawnPanel,
    inputs: Inputs,
    fit: Rows,
    new: Rows,
    settings: Mapping[str, Any],
    tasks: list[int],
) -> Floats:
    """Of new rows, (n_new, len(tasks)), by one model an assay."""
    x = inputs.dense if rival.dense else inputs.logs
    model = AssayModel(rival.fit_predict, {**rival.fixed, **settings})
    labels = data.panel.labels
    found = [predict_assay(model, x, labels[:, t], fit, new, data.is_binary) for t in tasks]
    return np.stack(found, axis=1)


def tuned(rival: Rival, data: DrawnPanel, inputs: Inputs, n_trials: int = TRIALS) -> Outcome:
    """Predictions of the held-out rows by the best of the trials, fitted to all rows brought."""
    tasks = tuned_on(data)
    trials = rival.trials(n_trials)
    train, valid = data.parts.train, data.parts.valid
    scores = [
        inner_score(data, predictions(rival, data, inputs, train, valid, each, tasks), tasks)
        for each in trials
    ]
    best = {**trials[int(np.argmax(scores))], **rival.final}
    every = list(range(len(data.panel.tasks)))
    test = predictions(rival, data, inputs, data.known, data.parts.test, best, every)
    return Outcome(test, {**best, "trials": n_trials})


def tuned_on(data: DrawnPanel) -> list[int]:
    """The assays that trials are scored on."""
    labels = data.panel.labels[data.known]
    size = (labels == 1).sum(axis=0) if data.is_binary else (~np.isnan(labels)).sum(axis=0)
    order: list[int] = np.argsort(-size, kind="stable")[:MOST_TUNED].tolist()
    return order


def inner_score(data: DrawnPanel, guess: Floats, tasks: list[int]) -> float:
    """Mean of AP and AUC, or the RMSE with its sign turned, over the validation rows."""
    found = []
    for place, task in enumerate(tasks):
        rows = data.panel.mask[data.parts.valid, task]
        truth, said = data.panel.labels[data.parts.valid][rows, task], guess[rows, place]
        if not data.is_binary and len(truth):
            found.append(-float(np.sqrt(np.mean((truth - said) ** 2))))
        elif len(np.unique(truth)) > 1:
            found += [average_precision_score(truth, said), roc_auc_score(truth, said)]
    return float(np.mean(found)) if found else 0.0


def mean_of(found: list[Floats], outcomes: bool) -> Floats:
    """Mean of ranks among the held-out rows, for outcomes; of values, mean of values."""
    ranked = [rankdata(each, axis=0) if outcomes else each for each in found]
    return np.asarray(np.mean(ranked, axis=0))


def run_rivals(
    data: DrawnPanel, names: list[str], quick: bool = False
) -> dict[str, tuple[Outcome, float]]:
    """Outcomes by rival with their processor time, and of the mean where its members are there."""
    inputs = Inputs.of(data)
    found: dict[str, tuple[Outcome, float]] = {}
    for name in names:
        start = time.process_time()
        outcome = tuned(rivals[name], data, inputs, 1 if quick else TRIALS)
        found[name] = (outcome, time.process_time() - start)
    if all(name in found for name in MEAN_OF):
        parts = [found[name] for name in MEAN_OF]
        mean = mean_of([outcome.test for outcome, _ in parts], data.is_binary)
        seconds = sum(seconds for _, seconds in parts)
        found[MEAN] = (Outcome(mean, {"of": list(MEAN_OF)}), seconds)
    return found
