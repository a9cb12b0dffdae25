"""Does starting from the experts of pcba128 help a small panel?

    python -m benchmarks.warm_start [--quick] [--panels tox21 muv] [--sizes 100 1000 all]

Each finished run is a line of ``results/warm_start.jsonl``, and is not done again; the table, and
what is compared, is ``results/warm_start.md``. One thread.
"""

from __future__ import annotations

import argparse
import sys
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.harness.datasets import Rows, find_data
from benchmarks.harness.ledger import RESULTS, go_on
from benchmarks.harness.study import begin, report
from benchmarks.harness.tables import markdown, prose
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels import Panel
from bioassay_mtl.panels.duplicates import group_by_structure
from bioassay_mtl.splits import Split, split
from bioassay_mtl.training.config import DEFAULT_FINGERPRINTS, TrainingConfig
from bioassay_mtl.training.defaults import DESCRIPTORS, settled
from bioassay_mtl.training.fit import train
from bioassay_mtl.training.score import AVERAGE_PRECISION

WARM: dict[str, float] = {"warm x 0.1": 0.1, "warm x 1": 1.0}
"""Shares of the learning rate at which transferred experts learn."""
CHOSEN: dict[str, dict[str, str]] = {"train": {}, "train --from": {"start_from": "pcba128"}}
"""What is set; the rest is chosen for the panel."""
ARMS = ("cold", *WARM, *CHOSEN)
KEY = ("panel", "size", "seed", "arm")
Key = tuple[Any, ...]
SIZES = ("100", "1000", "all")
N_OTHERS = 6000
OPTIONS: dict[str, dict[str, Any]] = {
    "--panels": {"nargs": "+", "default": ["tox21", "muv"]},
    "--sizes": {"nargs": "*", "choices": SIZES, "default": list(SIZES)},
    "--seeds": {"type": int, "default": 3},
}


def read(name: str, most: int | None) -> tuple[Panel, Split]:
    """The panel, MUV with some of its inactive molecules; test rows are new to pcba128."""
    folder = find_data()
    panel = Panel.read(folder / f"{name}.csv.gz", smiles_column="smiles")
    if name == "muv":
        active = (panel.labels == 1).any(axis=1)
        others = np.random.default_rng(0).choice(np.flatnonzero(~active), N_OTHERS, replace=False)
        panel = panel.take(np.sort(np.concatenate([np.flatnonzero(active), others])))
    panel = panel.take(np.arange(len(panel))[:most])
    parts = split(panel, kind="scaffold_balanced")
    test = [(panel.structures or [])[row] for row in parts.test]
    seen = pd.read_csv(folder / "pcba" / "pcba_smiles.csv.gz")["smiles"].dropna().astype(str)
    groups = group_by_structure([*test, *seen])
    new = ~np.isin(groups[: len(test)], groups[len(test) :])
    return panel, Split(parts.train, parts.valid, parts.test[new], len(panel))


def drawn(panel: Panel, rows: Rows, size: str, seed: int, half: bool) -> Rows:
    """What a user brings: some of the training rows."""
    if size == "all":
        return rows
    rng = np.random.default_rng(seed)
    n, first = int(size), rows[:0]
    if half:
        active = rows[(panel.labels[rows] == 1).any(axis=1)]
        first = rng.permutation(active)[: n // 2]
    rest = rng.permutation(np.setdiff1d(rows, first))[: n - len(first)]
    return np.sort(np.concatenate([first, rest]))


def settings(arm: str, size: str, seed: int, brought: Panel) -> TrainingConfig:
    if arm in CHOSEN:
        return settled({**CHOSEN[arm], "seed": seed, "device": "cpu"}, brought)[0]
    general: Any = TrainingConfig().model_dump()
    given = {"seed": seed, "epochs": 12 if size == "all" else 30, "device": "cpu"}
    kept = {name: general[name] for name in ("fingerprints", "network")}
    if arm in WARM:
        given["start_from"] = "pcba128"
        for group in kept["network"]["experts"]:
            group["learning_rate_factor"] = WARM[arm]
    return TrainingConfig.of(kept | given)


@cache
def inputs_of(name: str, most: int | None) -> tuple[Panel, Split, Features]:
    """Rows, at most so many, with all that some arm reads."""
    panel, parts = read(name, most)
    inputs = {**DEFAULT_FINGERPRINTS, "descriptors": DESCRIPTORS}
    return panel, parts, panel_features(panel, Featurizer.from_config({"fingerprints": inputs}))


def one(key: Key, most: int | None = None) -> dict[str, Any]:
    """Train an arm on what a user brings, and print how good it is."""
    name, size, seed, arm = key
    panel, parts, features = inputs_of(name, most)
    rows = drawn(panel, parts.train, size, seed, half=name == "muv")
    config = settings(arm, size, seed, panel.take(rows))
    read_by = Features({n: features.blocks[n] for n in config.fingerprints}, features.status)
    mine = Split(rows, parts.valid, parts.test, len(panel))
    model = train(panel, config, parts=mine, features=read_by)
    macro, best = model.metrics["test"]["macro"], model.training["best_epoch"]
    for metric in ("average_precision", "roc_auc"):
        report(f"{name} {size} rows, {arm} seed {seed}", metric, macro[metric], "1")
    return {
        **dict(zip(KEY, key, strict=True)),
        "train_rows": len(rows),
        "valid_ap": model.training["history"][int(best) - 1][AVERAGE_PRECISION],
        "test_ap": macro["average_precision"],
        "test_auc": macro["roc_auc"],
        "best_epoch": best,
        "test_rows": len(parts.test),
        "test_rows_left_out": parts.left_out,
    }


def table(results: list[dict[str, Any]]) -> list[str]:
    """Afresh against warm, the share of its learning rate chosen by validation rows."""
    rows = []
    for (panel, _), here in pd.DataFrame(results).groupby(["panel", "size"], sort=False):
        by_arm, one = here.groupby("arm"), here.iloc[0]
        if by_arm.ngroups < len(ARMS) or by_arm.size().nunique() > 1:
            continue  # not finished
        warm = str(by_arm["valid_ap"].mean()[[*WARM]].idxmax())
        tested = f"{one['test_rows']:,} ({one['test_rows_left_out']:,})"
        end = [f"{WARM[warm]:g}", str(by_arm.size()[warm]), tested]
        for name, metric in (("AP", "test_ap"), ("AUC", "test_auc")):
            mean, spread = by_arm[metric].mean(), by_arm[metric].std(ddof=0)
            arms = (*CHOSEN, "cold", warm)
            cells = [f"{mean[arm]:.3f} ± {spread[arm]:.3f}" for arm in arms]
            rows.append([str(panel), f"{one['train_rows']:,}", name, *cells, *end])
    heads = ["panel", "training rows", "metric", *CHOSEN, "fingerprints", "fingerprints, warm"]
    return markdown([*heads, "share", "seeds", "test rows (left out)"], rows)


def key_of(result: dict[str, Any]) -> Key:
    return tuple(result[name] for name in KEY)


def run(asked: argparse.Namespace) -> None:
    if asked.quick:
        go_on(None, product(["tox21"], ["100"], [0], ARMS), key_of, lambda k: one(k, 800))
        return
    plan = product(asked.panels, asked.sizes, range(asked.seeds), ARMS)
    kept = RESULTS / "warm_start.jsonl"
    results = go_on(kept, plan, key_of, one)
    lines = [prose(__file__, "warm_start"), "", *table(results)]
    (RESULTS / "warm_start.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(begin(__doc__, run, "one run of each arm on 800 rows, none kept", OPTIONS))
