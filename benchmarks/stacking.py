"""Gates fitted out of fold: which stacking of finished experts ranks held-out molecules best.

    python -m benchmarks.stacking [--quick] [--panels NAME ...] [--rows N ...] [--draws N]

Experts are models of other libraries, one an assay: logistic regression on Morgan counts and on
descriptors, a random forest and XGBoost on both, nearest neighbours; of values ridge regression and
their regressors. Each is fitted five times for its out-of-fold outputs and once on all rows;
stackings see the former, and are judged on molecules that no expert saw. The rows are those that
`benchmarks.custom_panels` fits and stops on; its test rows play no part. Of them some are drawn, a
part of the scaffolds or of the molecules put aside to judge on. ``alone`` stacks each assay by
itself, as a panel of one.

Metrics are macro means over the assays whose judged molecules have both outcomes; of values, in
standard units, those of exact ones. One thread. The real data are looked for in ``BIOASSAY_DATA``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack, issparse
from scipy.special import expit, logit
from scipy.stats import spearmanr

from benchmarks.custom_panels.panels import PANELS
from benchmarks.mtl_study.datasets import sources
from benchmarks.report import report
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.nn.stacking import OutOfFold, Stacking, stacking_config
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import SplitConfig, folds, split
from bioassay_mtl.tasks.target_scaling import Standardisation

INPUTS: dict[str, Any] = {
    "morgan": {"kind": "morgan", "n_bits": 1024, "counts": True},
    "descriptors": {"kind": "rdkit_descriptors"},
}
MOST = 6000
"""Rows of a panel that are drawn from at all: features of more take long."""
N_JUDGE = 1500
N_LARGEST = 12
"""Assays of values, those of most molecules."""
N_FOLDS = 5
SHOWN = ("average_precision", "roc_auc", "log_loss", "rmse", "spearman", "open")
METHODS: dict[str, Any] = {
    "mean": "mean",
    "best": "best",
    "greedy": "greedy",
    "greedy by AP": {"kind": "greedy", "by": "average_precision"},
    "penalised": "penalised",
}
Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Case:
    """What experts said.

    Attributes
    ----------
    name : str
    held_out : OutOfFold
        Of the rows that they learn from.
    outputs : (j, E, T)
        Of the j rows to judge on.
    labels : (j, T)
        Values in standard units, and NaN where only a bound is known.
    tasks : tuple of str
    """

    name: str
    held_out: OutOfFold
    outputs: Floats
    labels: Floats
    tasks: tuple[str, ...]


@cache
def whole(name: str) -> tuple[Panel, csr_matrix, Floats]:
    """Some rows of a panel, their Morgan counts and their descriptors."""
    found = sources[PANELS[name][0]](None)
    panel = found.panel.take(np.concatenate([found.fit, found.valid]))
    if panel.kinds[0].is_value:
        largest = np.argsort(-panel.cells.counts, kind="stable")[:N_LARGEST]
        panel = panel.select_tasks([panel.tasks[task] for task in np.sort(largest)])
        panel = panel.take(np.flatnonzero(panel.cells.per_row))
    panel = panel.take(np.sort(np.random.default_rng(0).permutation(len(panel))[:MOST]))
    features = panel_features(panel, Featurizer.from_config({"fingerprints": INPUTS}))
    usable = np.flatnonzero(features.ok)
    panel, features = panel.take(usable), features.take(usable)
    held = features.blocks["morgan"].sparse_rows()
    shape = len(panel), features.blocks["morgan"].n_features
    counts = csr_matrix((np.log1p(held.values), held.indices, held.offsets), shape)
    descriptors = np.nan_to_num(features.blocks["descriptors"].values)
    return panel, counts, np.clip(descriptors, -1e6, 1e6)


def drawn(name: str, kind: str, rows: int, draw: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows to learn from and rows to judge on."""
    panel = whole(name)[0]
    parts = split(panel, SplitConfig(kind=kind, fractions=(0.7, 0.0, 0.3), seed=draw))
    rng = np.random.default_rng(draw)
    return np.sort(rng.permutation(parts.train)[:rows]), rng.permutation(parts.test)[:N_JUDGE]


def case(name: str, kind: str, rows: int, draw: int) -> Case:
    """Out-of-fold and final outputs of all experts."""
    panel, counts, descriptors = whole(name)
    learn, judge = drawn(name, kind, rows, draw)
    mine = panel.take(learn)
    scaling = Standardisation.of(mine.cells, mine.kinds)
    cells, asked_cells = (scaling.apply(part.cells) for part in (mine, panel.take(judge)))
    labels = cells.dense()
    outputs = np.full((len(learn), len(EXPERTS), len(panel.tasks)), np.nan, np.float32)
    final = np.full((len(judge), len(EXPERTS), len(panel.tasks)), np.nan, np.float32)
    parts = [part.test for part in folds(mine, SplitConfig(seed=draw), N_FOLDS)]
    for task in range(len(panel.tasks)):
        measured = ~np.isnan(labels[:, task])
        for test in [*parts, None]:
            kept = measured.copy()
            if test is not None:
                kept[test] = False
            fit, asked = learn[kept], judge if test is None else learn[test]
            known = labels[kept, task]
            if len(np.unique(known)) < 2:
                continue
            for e, expert in enumerate(EXPERTS.values()):
                views = Views(counts, descriptors, fit, asked, mine.kinds[task].is_value)
                said = expert(views, known)
                if test is None:
                    final[:, e, task] = said
                else:
                    outputs[test, e, task] = said
    held_out = OutOfFold(outputs, cells, mine.kinds, np.ones(len(panel.tasks), np.int64))
    title = f"{name} {rows} rows {kind} draw {draw}"
    judged_by = np.where(asked_cells.dense_bounds() == 0, asked_cells.dense(), np.nan)
    return Case(title, held_out, final, judged_by, panel.tasks)


@dataclass(frozen=True, eq=False)
class Views:
    """Rows to fit on and rows to ask about, as counts ``(n, F)`` and as descriptors ``(n, D)``."""

    counts: csr_matrix
    descriptors: Floats
    fit: NDArray[Any]
    ask: NDArray[Any]
    is_value: bool

    @property
    def of_counts(self) -> tuple[Any, Any]:
        return self.counts[self.fit], self.counts[self.ask]

    @property
    def of_descriptors(self) -> tuple[Any, Any]:
        """Squashed to ranges of the rows to fit on."""
        fit, ask = self.descriptors[self.fit], self.descriptors[self.ask]
        centre, scale = fit.mean(axis=0), fit.std(axis=0) + 1e-9
        return np.tanh((fit - centre) / scale / 2), np.tanh((ask - centre) / scale / 2)

    @property
    def of_both(self) -> tuple[Any, Any]:
        rows = [(self.counts[of], csr_matrix(self.descriptors[of])) for of in (self.fit, self.ask)]
        fit, ask = (hstack(parts, format="csr") for parts in rows)
        return fit, ask


def from_shares(shares: Floats, n: float, labels: Floats) -> Floats:
    """Logits of shares among n, one more of the base rate added."""
    found: Floats = logit((n * shares + np.clip(labels.mean(), 0.01, 0.99)) / (n + 1))
    return found


def linear(fit: Any, labels: Floats, ask: Any, is_value: bool, strength: float) -> Floats:
    """Ridge or logistic regression."""
    from sklearn.linear_model import LogisticRegression, Ridge

    if is_value:
        ridge = Ridge(
            alpha=strength, random_state=0, solver="sparse_cg" if issparse(fit) else "auto"
        )
        predicted: Floats = ridge.fit(fit, labels).predict(ask)
        return predicted
    model = LogisticRegression(C=1 / strength, solver="liblinear").fit(fit, labels)
    found: Floats = model.decision_function(ask)
    return found


def linear_on_counts(views: Views, labels: Floats) -> Floats:
    """On counts."""
    fit, ask = views.of_counts
    return linear(fit, labels, ask, views.is_value, 10)


def linear_on_descriptors(views: Views, labels: Floats) -> Floats:
    """On descriptors."""
    fit, ask = views.of_descriptors
    return linear(fit, labels, ask, views.is_value, 10)


def forest(views: Views, labels: Floats) -> Floats:
    """Of 60 trees, on both."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    fit, ask = views.of_both
    settings: dict[str, Any] = {"n_estimators": 60, "n_jobs": 1, "random_state": 0}
    if views.is_value:
        values = RandomForestRegressor(max_features=0.1, **settings)
        predicted: Floats = values.fit(fit, labels).predict(ask)
        return predicted
    model = RandomForestClassifier(**settings).fit(fit, labels)
    return from_shares(model.predict_proba(ask)[:, 1], 60, labels)


def boosted(views: Views, labels: Floats) -> Floats:
    """80 trees, on both."""
    from xgboost import XGBClassifier, XGBRegressor

    fit, ask = views.of_both
    model = (XGBRegressor if views.is_value else XGBClassifier)(
        n_estimators=80, max_depth=5, learning_rate=0.1, colsample_bytree=0.3, subsample=0.8,
        tree_method="hist", n_jobs=1, random_state=0, base_score=float(labels.mean()),
    )  # fmt: skip
    found: Floats = model.fit(fit, labels).predict(ask, output_margin=True)
    return found


def neighbours(views: Views, labels: Floats) -> Floats:
    """The 10 nearest by the Tanimoto similarity of set bits, weighed by its square."""
    fit, ask = ((part > 0).astype(np.float32) for part in views.of_counts)
    shared = (ask @ fit.T).toarray()
    sizes = np.asarray(ask.sum(axis=1)) + np.asarray(fit.sum(axis=1)).T
    near = shared / np.maximum(sizes - shared, 1)
    places = np.argsort(-near, axis=1)[:, :10]
    weight = np.take_along_axis(near, places, axis=1) ** 2
    rate = labels.mean() if views.is_value else np.clip(labels.mean(), 0.01, 0.99)
    means = ((weight * labels[places]).sum(axis=1) + rate / 2) / (weight.sum(axis=1) + 0.5)
    found: Floats = means if views.is_value else logit(means)
    return found


EXPERTS: dict[str, Callable[[Views, Floats], Floats]] = {
    "linear": linear_on_counts,
    "descriptors": linear_on_descriptors,
    "forest": forest,
    "boosted": boosted,
    "neighbours": neighbours,
}


def judged(found: Case, method: Any, alone: bool) -> tuple[dict[str, float], Stacking]:
    """Metrics on the rows to judge on, and the weights."""
    stacking = stacked_alone(found.held_out, method) if alone else stacked(found.held_out, method)
    return metrics(found, stacking), stacking


def metrics(found: Case, stacking: Stacking) -> dict[str, float]:
    """Macro means over the assays."""
    said = np.nan_to_num(stacking.combine(found.outputs))
    here = [~np.isnan(labels) for labels in found.labels.T]
    pairs = [(found.labels[h, t], said[h, t]) for t, h in enumerate(here) if h.sum() > 2]
    if found.held_out.kinds[0].is_value:
        errors = [np.sqrt(np.mean((labels - values) ** 2)) for labels, values in pairs]
        ranks = [spearmanr(labels, values).statistic for labels, values in pairs]
        return {"rmse": float(np.mean(errors)), "spearman": float(np.mean(ranks))}
    macro: dict[str, float] = evaluate(found.labels, expit(said), found.tasks).macro
    losses = [np.logaddexp(0, np.where(labels > 0.5, -x, x)).mean() for labels, x in pairs]
    return {**macro, "log_loss": float(np.mean(losses))}


def stacked(held_out: OutOfFold, method: Any) -> Stacking:
    """All assays together."""
    return stacking_config(method).fit(held_out)


def stacked_alone(held_out: OutOfFold, method: Any) -> Stacking:
    """Each assay as a panel of one."""
    each, weight = [], held_out.weight
    for t in range(held_out.n_tasks):
        one = replace(
            held_out,
            outputs=held_out.outputs[:, :, [t]],
            cells=held_out.cells.select_tasks([t]),
            kinds=held_out.kinds[t : t + 1],
            counts=held_out.counts[t : t + 1],
            weight=None if weight is None else weight[held_out.cells.cells_of(t)],
        )
        each.append(stacked(one, method))
    return replace(
        each[0],
        weights=np.concatenate([one.weights for one in each]),
        bias=np.concatenate([one.bias for one in each]),
        owner=held_out.owner,
    )


def single(found: Case, expert: int) -> dict[str, float]:
    """Metrics of one expert for all assays."""
    given = np.zeros((len(found.tasks), len(EXPERTS)), np.float32)
    given[:, expert] = 1
    return metrics(found, replace(stacked(found.held_out, "mean"), weights=given))


def compare(found: Case) -> Iterator[tuple[str, dict[str, float]]]:
    """Metrics of each expert and stacking."""
    for e, name in enumerate(EXPERTS):
        yield f"only {name}", single(found, e)
    for name, method in METHODS.items():
        macro, stacking = judged(found, method, alone=False)
        yield name, {**macro, "open": float(stacking.connections.mean())}
    macro, stacking = judged(found, "penalised", alone=True)
    yield "penalised, alone", {**macro, "open": float(stacking.connections.mean())}


def main() -> None:
    """Print what each stacking is worth, case by case."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stacking")
    parser.add_argument("--quick", action="store_true", help="one draw of 300 rows of Tox21")
    parser.add_argument(
        "--panels", nargs="+", choices=PANELS, default=["tox21", "hiv", "chembl100"]
    )
    parser.add_argument("--rows", nargs="+", type=int, default=[300, 1000, 3000])
    parser.add_argument("--kinds", nargs="+", default=["scaffold_balanced", "random"])
    parser.add_argument("--draws", type=int, default=3)
    asked = parser.parse_args()
    if asked.quick:
        asked.panels, asked.rows, asked.kinds, asked.draws = ["tox21"], [300], ["random"], 1
    for name, kind, rows, draw in product(
        asked.panels, asked.kinds, asked.rows, range(asked.draws)
    ):
        found = case(name, kind, rows, draw)
        for method, macro in compare(found):
            for metric in SHOWN:
                if metric in macro:
                    report(f"{found.name} {method}", metric, macro[metric], "1")


if __name__ == "__main__":
    main()
