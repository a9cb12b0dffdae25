"""Which library grows the trees: quality, time to fit and to predict, and size of what is kept.

    python -m benchmarks.trees [--quick] [--seeds N] [--data FOLDER] [--skip quality|many]
        [--contenders NAME ...]

Single assays of real panels, a fifth of their scaffolds put aside to judge: XGBoost, LightGBM and
scikit-learn's forest read the same rows, Morgan counts (4,096) and RDKit's descriptors, as sparse
rows (scikit-learn's dense, which is faster there). Then all PCBA assays at once, one model an
assay. One thread. The real data are looked for in ``BIOASSAY_DATA``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import spearmanr
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.report import report
from benchmarks.rivals.evaluation import find_data
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.models.scaling import fit_scalings, scaled
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import SplitConfig, split

INPUTS = {
    "morgan": {"kind": "morgan", "n_bits": 4096, "counts": True},
    "descriptors": {"kind": "rdkit_descriptors"},
}
SINGLE = (
    ("HIV.csv.gz", "HIV_active", 1500),
    ("HIV.csv.gz", "HIV_active", 3000),
    ("tox21.csv.gz", "NR-AhR", 1000),
    ("tox21.csv.gz", "SR-ARE", 2000),
    ("tox21.csv.gz", "SR-p53", 3000),
    ("muv.csv.gz", "MUV-466", 3000),
    ("muv.csv.gz", "MUV-846", 3000),
    ("chembl_pxc50.csv.gz", None, 1500),
    ("chembl_pxc50.csv.gz", None, 3000),
)
"""File, assay (None for that of most molecules), and rows drawn; few actives are all kept."""


@dataclass(frozen=True)
class Rows:
    """What a library reads: training rows, their labels, and rows to judge on."""

    x: sparse.csr_matrix
    y: NDArray[np.float32]
    x_new: sparse.csr_matrix
    is_value: bool
    seed: int
    n_trees: int


Fitted = tuple[Callable[[sparse.csr_matrix], NDArray[Any]], int]
"""What predicts, and the bytes that it is kept in."""


def xgboost_boosted(rows: Rows) -> Fitted:
    """200 trees of depth 6."""
    settings = {"eta": 0.05, "max_depth": 6, "subsample": 0.8, "colsample_bynode": 0.2}
    return _xgboost(rows, settings, rows.n_trees)


def xgboost_forest(rows: Rows) -> Fitted:
    """Trees of unlimited depth, side by side: one round of squared errors."""
    share = rows.x.shape[1] ** -0.5
    settings = {
        "eta": 1.0,
        "max_depth": 0,
        "lambda": 0.0,
        "min_child_weight": 1.0,
        "subsample": 0.63,
        "colsample_bynode": share if not rows.is_value else 1 / 3,
        "num_parallel_tree": rows.n_trees,
        "objective": "reg:squarederror",
    }
    return _xgboost(rows, settings, 1)


def _xgboost(rows: Rows, settings: dict[str, Any], n_rounds: int) -> Fitted:
    import xgboost

    usual = "reg:squarederror" if rows.is_value else "binary:logistic"
    settings = {"objective": usual, "tree_method": "hist", "nthread": 1} | settings
    data = xgboost.QuantileDMatrix(rows.x, rows.y, nthread=1)
    booster = xgboost.train(settings | {"seed": rows.seed}, data, n_rounds)
    return booster.inplace_predict, len(booster.save_raw("ubj"))


def lightgbm_boosted(rows: Rows) -> Fitted:
    """200 trees of 31 leaves."""
    settings = {"learning_rate": 0.05, "bagging_fraction": 0.8, "feature_fraction_bynode": 0.2}
    return _lightgbm(rows, settings | {"bagging_freq": 1, "num_leaves": 31})


def lightgbm_forest(rows: Rows) -> Fitted:
    """Its forest, of at most 1,000 leaves a tree."""
    share = rows.x.shape[1] ** -0.5
    settings = {"boosting": "rf", "num_leaves": 1000, "bagging_freq": 1, "bagging_fraction": 0.63}
    settings |= {"min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0.0, "objective": "regression"}
    share = share if not rows.is_value else 1 / 3
    return _lightgbm(rows, settings | {"feature_fraction_bynode": share})


def _lightgbm(rows: Rows, settings: dict[str, Any]) -> Fitted:
    import lightgbm

    usual = "regression" if rows.is_value else "binary"
    fixed = {"num_threads": 1, "verbosity": -1, "deterministic": True, "seed": rows.seed}
    data = lightgbm.Dataset(rows.x, rows.y, params={"verbosity": -1})
    booster: Any = lightgbm.train({"objective": usual} | fixed | settings, data, rows.n_trees)
    return booster.predict, len(booster.model_to_string())


def sklearn_forest(rows: Rows) -> Fitted:
    """scikit-learn's; its bytes are those of a threshold, a feature and a child of each node."""
    kind: Any = RandomForestRegressor if rows.is_value else RandomForestClassifier
    features: Any = 1 / 3 if rows.is_value else "sqrt"
    model = kind(rows.n_trees, max_features=features, random_state=rows.seed, n_jobs=1)
    model.fit(rows.x.toarray(), rows.y)
    n_nodes = sum(tree.tree_.node_count for tree in model.estimators_)

    def predict(x: sparse.csr_matrix) -> NDArray[Any]:
        dense = x.toarray()
        found: NDArray[Any] = (
            model.predict(dense) if rows.is_value else model.predict_proba(dense)[:, 1]
        )
        return found

    return predict, 12 * n_nodes


CONTENDERS: dict[str, Callable[[Rows], Fitted]] = {
    "xgboost boosted": xgboost_boosted,
    "lightgbm boosted": lightgbm_boosted,
    "xgboost forest": xgboost_forest,
    "lightgbm forest": lightgbm_forest,
    "scikit-learn forest": sklearn_forest,
}


def matrix(panel: Panel, train: NDArray[np.int64]) -> sparse.csr_matrix:
    """Counts and descriptors side by side, ``(n, F) float32``; zeros of counts are left out."""
    blocks = panel_features(panel, Featurizer.from_config({"fingerprints": INPUTS})).blocks
    held = scaled(blocks, fit_scalings(blocks, train))
    n = len(panel)
    offsets, indices, values = held["morgan"].sparse_rows()  # type: ignore[attr-defined]
    counts = sparse.csr_matrix((values, indices, offsets), shape=(n, held["morgan"].n_features))
    dense = held["descriptors"].dense()
    width = dense.shape[1]
    told = sparse.csr_matrix(
        (dense.ravel(), np.tile(np.arange(width), n), np.arange(0, n * width + 1, width)),
        shape=(n, width),
    )
    return sparse.csr_matrix(sparse.hstack([counts, told], format="csr"))


def drawn(panel: Panel, task: str | None, n_rows: int, seed: int) -> Panel:
    """Some rows measured in one assay, all actives among them where these are rare."""
    task = task or panel.tasks[int(panel.cells.counts.argmax())]
    one = panel.select_tasks([task])
    one = one.take(np.flatnonzero(one.mask[:, 0]))
    rare = one.labels[:, 0] == 1 if panel.kinds[0].has_actives else np.zeros(len(one), bool)
    rare &= rare.sum() < 0.01 * len(one)
    order = np.random.default_rng(seed).permutation(len(one))
    order = order[np.argsort(~rare[order], kind="stable")][:n_rows]
    return one.take(np.sort(order))


def quality(seeds: int, data: str | None, n_trees: int, cases: int, names: Sequence[str]) -> None:
    """Single assays."""
    folder = find_data(data)
    found: dict[tuple[str, str], list[float]] = {}
    for file, task, n_rows in SINGLE[:cases]:
        whole = Panel.read(folder / file, tasks=None if task is None else [task])
        for seed in range(seeds):
            panel = drawn(whole, task, n_rows, seed)
            known = Featurizer.from_config({"fingerprints": INPUTS})
            panel = panel.take(np.flatnonzero(panel_features(panel, known).ok))
            how = SplitConfig.of(
                {"kind": "stratified_scaffold", "fractions": (0.8, 0.0, 0.2), "seed": seed}
            )
            parts = split(panel, how)
            x, y = matrix(panel, parts.train), panel.labels[:, 0].astype(np.float32)
            is_value = not panel.kinds[0].has_actives
            rows = Rows(x[parts.train], y[parts.train], x[parts.test], is_value, seed, n_trees)
            case = f"{panel.tasks[0]} {n_rows} rows"
            for name, metric, value in judged(rows, y[parts.test], names):
                found.setdefault((name, metric), []).append(value)
                report(f"{case}, seed {seed}: {name}", metric, value, UNITS[metric])
    for (name, metric), values in found.items():
        report(f"mean of {len(values)}: {name}", metric, float(np.mean(values)), UNITS[metric])


UNITS = {
    "ap": "",
    "auc": "",
    "rmse": "",
    "spearman": "",
    "fit": "s",
    "rate": "rows/s",
    "size": "MB",
}


def judged(
    rows: Rows, truth: NDArray[np.float32], names: Sequence[str]
) -> Iterator[tuple[str, str, float]]:
    """Every contender's metrics."""
    for name in names:
        fit = CONTENDERS[name]
        start = time.perf_counter()
        predict, n_bytes = fit(rows)
        yield name, "fit", time.perf_counter() - start
        start = time.perf_counter()
        found = np.asarray(predict(rows.x_new))
        yield name, "rate", len(truth) / (time.perf_counter() - start)
        yield name, "size", n_bytes / 1e6
        if rows.is_value:
            yield name, "rmse", float(np.sqrt(np.mean((found - truth) ** 2)))
            yield name, "spearman", float(spearmanr(found, truth).statistic)
        else:
            yield name, "ap", float(average_precision_score(truth, found))
            yield name, "auc", float(roc_auc_score(truth, found))


def many(data: str | None, n_rows: int, n_trees: int, n_assays: int, names: Sequence[str]) -> None:
    """All assays of PCBA, one model an assay, and molecules through all of them."""
    panel = Panel.read(find_data(data) / "pcba" / "pcba_smiles.csv.gz")
    order = np.random.default_rng(0).permutation(len(panel))[:n_rows]
    panel = panel.take(np.sort(order)).select_tasks(panel.tasks[:n_assays])
    x = matrix(panel, np.arange(len(panel)))
    for name in names:
        fit = CONTENDERS[name]
        start, fitted, size = time.perf_counter(), [], 0
        for task in range(len(panel.tasks)):
            at, values, _ = panel.cells.of_task(task)
            if len(np.unique(values)) == 2:
                predict, n_bytes = fit(Rows(x[at], values, x, False, 0, n_trees))
                fitted.append(predict)
                size += n_bytes
        case = f"{len(fitted)} assays of {len(panel)} rows: {name}"
        report(case, "fit", time.perf_counter() - start, "s")
        report(case, "size", size / 1e6, "MB")
        start = time.perf_counter()
        for first in range(0, 1024, 256):
            for predict in fitted:
                predict(x[first : first + 256])
        report(case, "rate", 1024 / (time.perf_counter() - start), "rows/s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data")
    parser.add_argument("--skip", choices=("quality", "many"))
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=[*CONTENDERS])
    given = parser.parse_args()
    names: list[str] = given.contenders
    n_trees = 20 if given.quick else 200
    if given.skip != "quality":
        quality(
            1 if given.quick else given.seeds, given.data, n_trees, 1 if given.quick else 99, names
        )
    if given.skip != "many":
        many(given.data, 1000 if given.quick else 3000, n_trees, 8 if given.quick else 128, names)


if __name__ == "__main__":
    main()
