"""Does starting from the experts of pcba128 help a small panel?

    python -m benchmarks.warm_start [--quick] [--panels tox21 muv] [--sizes 100 1000 all]

Tox21 and MUV, split by balanced scaffolds (80/10/10, seed 0). Some of the training rows, at random
by seed, are what a user brings. `train` is what `bioassay-mtl train` makes of them, with
descriptors beside fingerprints, and `train --from` the same beside the transferred experts.
`fingerprints` is a network of the shipped model's shape, trained afresh, and `fingerprints, warm`
one that starts from transferred experts, at the better of two shares of the learning rate. All stop
on the validation rows, and the share is chosen on them; test rows are scored at the end. Test rows
whose canonical SMILES is among those that pcba128 may have seen, whatever it was measured in, are
left out.

MUV has some 30 actives per assay among 93,000 molecules: its panel here is all molecules with an
active cell and 6,000 others, and half of a drawn training set is of the former, as far as they go.

Each finished run is a line of ``results/warm_start.jsonl``, and is not done again; the table is
``results/warm_start.md``. One thread.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

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

RESULTS = Path(__file__).resolve().parent / "results"
WARM: dict[str, float] = {"warm x 0.1": 0.1, "warm x 1": 1.0}
"""Shares of the learning rate at which transferred experts learn."""
CHOSEN: dict[str, dict[str, str]] = {"train": {}, "train --from": {"start_from": "pcba128"}}
"""What is set; the rest is chosen for the panel."""
ARMS = ("cold", *WARM, *CHOSEN)
SIZES = ("100", "1000", "all")
N_OTHERS = 6000


def is_new(structures: list[str], folder: Path) -> NDArray[np.bool_]:
    """Which are not among the molecules of the PCBA sample, more than pcba128 was trained on."""
    import pandas as pd

    known = pd.read_csv(folder / "pcba" / "pcba_smiles.csv.gz")
    column = next(name for name in known.columns if name.lower() == "smiles")
    seen = known[column].dropna().astype(str).tolist()
    groups = group_by_structure([*structures, *seen])
    return ~np.isin(groups[: len(structures)], groups[len(structures) :])


def read(name: str, folder: Path) -> Panel:
    """The panel, MUV with some of its inactive molecules."""
    panel = Panel.read(folder / f"{name}.csv.gz", smiles_column="smiles")
    if name != "muv":
        return panel
    active = (panel.labels == 1).any(axis=1)
    others = np.random.default_rng(0).choice(np.flatnonzero(~active), N_OTHERS, replace=False)
    return panel.take(np.sort(np.concatenate([np.flatnonzero(active), others])))


def drawn(panel: Panel, rows: NDArray[np.int64], size: str, seed: int, half: bool) -> Any:
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
    """Of a run on what a user brings."""
    if arm in CHOSEN:
        return settled({**CHOSEN[arm], "seed": seed, "device": "cpu"}, brought)[0]
    few = size != "all"
    general = TrainingConfig()
    config = TrainingConfig(
        fingerprints=general.fingerprints,
        network=general.network,
        seed=seed,
        epochs=30 if few else 12,
        device="cpu",
    )
    if arm not in WARM:
        return config
    factor = WARM[arm]
    network: Any = config.network
    slow = [group.model_copy(update={"learning_rate_factor": factor}) for group in network.experts]
    network = network.model_copy(update={"experts": tuple(slow)})
    return config.model_copy(update={"start_from": "pcba128", "network": network})


def runs(name: str, folder: Path, sizes: list[str], seeds: int, done: set[Any]) -> Iterator[Any]:
    """One result for each size, seed and arm that is not done."""
    panel = read(name, folder)
    inputs = {**DEFAULT_FINGERPRINTS, "descriptors": DESCRIPTORS}
    features = panel_features(panel, Featurizer.from_config({"fingerprints": inputs}))
    parts = split(panel, kind="scaffold_balanced")
    new = is_new([(panel.structures or [])[row] for row in parts.test], folder)
    test = parts.test[new]
    for size in sizes:
        for seed in range(seeds):
            rows = drawn(panel, parts.train, size, seed, half=name == "muv")
            for arm in ARMS:
                if (name, size, seed, arm) in done:
                    continue
                start = time.process_time()
                config = settings(arm, size, seed, panel.take(rows))
                blocks = {each: features.blocks[each] for each in config.fingerprints}
                model = train(
                    panel,
                    config,
                    parts=Split(rows, parts.valid, test, len(panel)),
                    features=Features(blocks, features.status),
                )
                macro = model.metrics["test"]["macro"]
                best = model.training["best_epoch"]
                yield {
                    "panel": name,
                    "size": size,
                    "seed": seed,
                    "arm": arm,
                    "train_rows": len(rows),
                    "valid_ap": model.training["history"][int(best) - 1][AVERAGE_PRECISION],
                    "test_ap": macro["average_precision"],
                    "test_auc": macro["roc_auc"],
                    "best_epoch": best,
                    "test_rows": len(test),
                    "test_rows_left_out": int((~new).sum()),
                    "cpu_s": round(time.process_time() - start, 1),
                }


def table(results: list[dict[str, Any]]) -> str:
    """Markdown: afresh against warm, the share of its learning rate chosen by validation rows."""
    heads = ["train", "train --from", "fingerprints", "fingerprints, warm"]
    lines = [
        f"| panel | training rows | metric | {' | '.join(heads)} | share | seeds "
        "| test rows (left out) |",
        "|" + "---|" * (6 + len(heads)),
    ]
    for panel, size in dict.fromkeys((r["panel"], r["size"]) for r in results):
        here = [r for r in results if (r["panel"], r["size"]) == (panel, size)]
        by_arm = {arm: [r for r in here if r["arm"] == arm] for arm in ARMS}
        if len({len(found) for found in by_arm.values()}) > 1:
            continue  # not finished
        warm = max(WARM, key=lambda arm: mean(by_arm[arm], "valid_ap"))
        one = here[0]
        for name, metric in (("AP", "test_ap"), ("AUC", "test_auc")):
            cells = [shown(by_arm[arm], metric) for arm in (*CHOSEN, "cold", warm)]
            lines.append(
                f"| {panel} | {one['train_rows']:,} | {name} | {' | '.join(cells)} "
                f"| {WARM[warm]:g} | {len(by_arm[warm])} "
                f"| {one['test_rows']:,} ({one['test_rows_left_out']:,}) |"
            )
    return "\n".join(lines) + "\n"


def write_table(results: list[dict[str, Any]]) -> None:
    """The table of what is done, with what it is of."""
    about = (__doc__ or "").split("\n\n")
    notes = (
        "Macro means over assays; mean ± standard deviation over seeds. The share of the learning\n"
        "rate is chosen by validation AP, of some 10 % of the panel at every size. Sizes that are\n"
        "not in the table were not run.\n\n"
    )
    head = f"# {about[0]}\n\n{about[2]}\n\n{about[3]}\n\n"
    (RESULTS / "warm_start.md").write_text(head + notes + table(results))


def mean(found: list[dict[str, Any]], metric: str) -> float:
    """Over seeds."""
    return float(np.mean([r[metric] for r in found]))


def shown(found: list[dict[str, Any]], metric: str) -> str:
    """Mean and standard deviation over seeds."""
    return f"{mean(found, metric):.3f} ± {np.std([r[metric] for r in found]):.3f}"


def main() -> None:
    """Run what is not done, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.warm_start")
    parser.add_argument("--quick", action="store_true", help="one run of each arm, none kept")
    parser.add_argument("--panels", nargs="+", default=["tox21", "muv"])
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", default=os.environ.get("BIOASSAY_DATA", "../shared/data"))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.quick:
        for line in runs("tox21", Path(asked.data), ["100"], 1, set()):
            print(json.dumps(line), flush=True)
        return
    kept = RESULTS / "warm_start.jsonl"
    text = kept.read_text() if kept.exists() else ""
    results = [json.loads(line) for line in text.splitlines()]
    done = {(r["panel"], r["size"], r["seed"], r["arm"]) for r in results}
    for name in asked.panels:
        for line in runs(name, Path(asked.data), asked.sizes, asked.seeds, done):
            results.append(line)
            print(json.dumps(line), flush=True)
            with kept.open("a") as file:
                file.write(json.dumps(line) + "\n")
            write_table(results)


if __name__ == "__main__":
    main()
