"""What a small panel needs: settings as functions of its rows, against random forests.

    python -m benchmarks.small_panels [--quick] [--cases NAME ...] [--panels NAME ...] [--seeds N]

The rows are those that `benchmarks.custom_panels` fits and stops on; its test rows play no part. Of
them, 1,200 judge, and of the rest some are what a user brings, drawn anew for each seed. These are
split as the rule says: its test part is no case's to learn from, and random forests (scikit-
learn's, one an assay, 100 trees) learn from the validation part too. The network of the general
defaults has its own split, of as many rows to fit and to stop on. Macro means over assays, on the
judging rows, by which the rule was chosen, too.

Each finished run is a line of ``results/small_panels.jsonl``, and is not done again; the table is
``results/small_panels.md``. One thread. The real data are looked for in ``BIOASSAY_DATA``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.custom_panels.panels import PANELS
from benchmarks.mtl_study.datasets import sources
from benchmarks.report import report
from benchmarks.rivals.provenance import provenance
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import SplitConfig, split
from bioassay_mtl.training.config import DEFAULT_FINGERPRINTS, TrainingConfig
from bioassay_mtl.training.defaults import settled
from bioassay_mtl.training.fit import train

RESULTS = Path(__file__).resolve().parent / "results"
INPUTS = {**DEFAULT_FINGERPRINTS, "descriptors": {"kind": "rdkit_descriptors"}}


@dataclass(frozen=True)
class Sample:
    """Some rows of a real panel.

    Attributes
    ----------
    panel : str
        A name in :data:`benchmarks.custom_panels.panels.PANELS`.
    rows : int
        That a user brings.
    tasks : tuple of str
        Assays; none given: all of the panel.
    at_most : int
        Rows of the panel that are used, those that judge among them.
    """

    panel: str
    rows: int
    tasks: tuple[str, ...] = ()
    at_most: int = 10_000


SAMPLES = {
    "tox21-100": Sample("tox21", 100),
    "tox21-300": Sample("tox21", 300),
    "tox21-1000": Sample("tox21", 1000),
    "tox21-4500": Sample("tox21", 4500),
    "one-assay-200": Sample("tox21", 200, ("SR-MMP",)),
    "hiv-1000": Sample("hiv", 1000),
    "hiv-10000": Sample("hiv", 10_000, at_most=12_000),
}
FORESTS = ("forest", "forest with descriptors")
N_JUDGE = 1200

Settings = dict[str, Any]


def general(panel: Panel) -> Settings:
    """The general defaults."""
    return TrainingConfig().model_dump()


def rule(panel: Panel) -> Settings:
    """What is chosen for a panel."""
    return settled(None, panel)[0].model_dump()


def without_descriptors(panel: Panel) -> Settings:
    """The rule's split and epochs with the general network."""
    chosen = rule(panel)
    return general(panel) | {name: chosen[name] for name in ("split", "epochs", "patience")}


CASES: dict[str, Callable[[Panel], Settings]] = {
    "general defaults": general,
    "rule without descriptors": without_descriptors,
    "rule": rule,
}
"""From the rows that a user brings to settings."""


@cache
def whole(name: str, at_most: int) -> tuple[Panel, Features, np.ndarray, np.ndarray]:
    """A panel, its features, the rows that judge and those that a user may bring."""
    found = sources[PANELS[name][0]](None)
    rows = np.concatenate([found.fit, found.valid])
    rng = np.random.default_rng(0)
    panel = found.panel.take(np.sort(rng.permutation(rows)[:at_most]))
    features = panel_features(panel, Featurizer.from_config({"fingerprints": INPUTS}))
    share = N_JUDGE / len(panel)
    cut = split(panel, SplitConfig(fractions=(1 - share, share, 0.0), seed=8))
    usable = features.ok
    return panel, features, cut.valid[usable[cut.valid]], cut.train[usable[cut.train]]


def brought(sample: Sample, seed: int) -> tuple[Panel, Features, np.ndarray, np.ndarray]:
    """Panel and features, rows that judge, rows that a user brings (another draw for each seed)."""
    panel, features, judge, pool = whole(sample.panel, sample.at_most)
    if sample.tasks:
        panel = panel.select_tasks(sample.tasks)
    pool = pool[panel.mask[pool].any(axis=1)]
    rows = np.random.default_rng(seed).permutation(pool)[: sample.rows]
    return panel, features, judge, np.sort(rows)


def network(panel: Panel, features: Features, rows: np.ndarray, case: str, seed: int) -> np.ndarray:
    """Probabilities of all rows of the panel from a model fitted on some of them."""
    mine = panel.take(rows)
    config = TrainingConfig.of({**CASES[case](mine), "seed": seed, "loggers": ()})
    read = Features({name: features.blocks[name] for name in config.fingerprints}, features.status)
    model = train(mine, config, features=read.take(rows))
    return model.predict_features(read)


def forest(
    panel: Panel, features: Features, rows: np.ndarray, seed: int, descriptors: bool
) -> np.ndarray:
    """The same from random forests, which read Morgan counts and, if wanted, descriptors."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.ensemble import RandomForestClassifier

    block = features.blocks["morgan"]
    held = block.sparse_rows()
    x = csr_matrix((held.values, held.indices, held.offsets), (len(block), block.n_features))
    if descriptors:
        x = hstack([x, np.nan_to_num(features.blocks["descriptors"].values)], format="csr")
    mine = panel.take(rows)
    parts = split(mine, settled(None, mine)[0].split)
    known = rows[np.concatenate([parts.train, parts.valid])]
    found = np.full(panel.labels.shape, 0.5)
    for task, labels in enumerate(panel.labels.T):
        fit = known[labels[known] >= 0]
        if len(np.unique(labels[fit])) == 2:
            model = RandomForestClassifier(n_jobs=1, random_state=seed)
            found[:, task] = model.fit(x[fit], labels[fit]).predict_proba(x)[:, 1]
    return found


def runs(
    panels: list[str], cases: list[str], seeds: int, done: Container[tuple[str, str, int]]
) -> Iterator[dict[str, Any]]:
    """One result a panel, seed and case that is not done."""
    for name, seed in product(panels, range(seeds)):
        missing = [case for case in cases if (name, case, seed) not in done]
        if not missing:
            continue
        panel, features, judge, rows = brought(SAMPLES[name], seed)
        for case in missing:
            start = time.process_time()
            if case in FORESTS:
                found = forest(panel, features, rows, seed, case != FORESTS[0])
            else:
                found = network(panel, features, rows, case, seed)
            macro = evaluate(panel.labels[judge], found[judge], panel.tasks).macro
            yield {
                "panel": name,
                "case": case,
                "seed": seed,
                "rows": len(rows),
                "judge": len(judge),
                "average_precision": round(macro["average_precision"], 4),
                "roc_auc": round(macro["roc_auc"], 4),
                "brier": round(macro["brier"], 4),
                "cpu_seconds": round(time.process_time() - start, 1),
                "made_with": provenance(),
            }


def show(result: dict[str, Any]) -> None:
    """Print how good it is."""
    case = f"{result['panel']} {result['case']} seed {result['seed']}"
    for metric in ("average_precision", "roc_auc", "brier"):
        report(case, metric, result[metric], "1")


def table(results: list[dict[str, Any]]) -> str:
    """Markdown: average precision of each case on each panel, mean and spread over seeds."""
    panels = [name for name in SAMPLES if any(r["panel"] == name for r in results)]
    lines = [f"| average precision | {' | '.join(panels)} |", "|---" * (len(panels) + 1) + "|"]
    for case in [*FORESTS, *CASES]:
        by_panel = [
            [r["average_precision"] for r in results if (r["panel"], r["case"]) == (name, case)]
            for name in panels
        ]
        if any(by_panel):
            cells = [
                f"{np.mean(found):.3f} ± {np.std(found):.3f} ({len(found)})" if found else "–"
                for found in by_panel
            ]
            lines.append(f"| {case} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write_table(results: list[dict[str, Any]]) -> None:
    """The table of what is done, with what it is of."""
    about = (__doc__ or "").split("\n\n")
    notes = "Mean ± standard deviation (number of seeds); a dash: not run.\n\n"
    text = f"# {about[0]}\n\n{about[2]}\n\n{notes}{table(results)}"
    (RESULTS / "small_panels.md").write_text(text)


def main() -> None:
    """Run what is not done, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.small_panels")
    parser.add_argument("--quick", action="store_true", help="100 rows, one seed, none kept")
    parser.add_argument("--panels", nargs="+", choices=SAMPLES, default=list(SAMPLES))
    parser.add_argument("--cases", nargs="+", choices=[*FORESTS, *CASES])
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    cases = asked.cases or [*FORESTS, *CASES]
    if asked.quick:
        for line in runs(["tox21-100"], cases, 1, ()):
            show(line)
        return
    kept = RESULTS / "small_panels.jsonl"
    text = kept.read_text() if kept.exists() else ""
    results = [json.loads(line) for line in text.splitlines()]
    done = {(r["panel"], r["case"], r["seed"]) for r in results}
    for line in runs(asked.panels, cases, asked.seeds, done):
        results.append(line)
        show(line)
        with kept.open("a") as file:
            file.write(json.dumps(line) + "\n")
    write_table(results)


if __name__ == "__main__":
    main()
