"""New assays from few molecules: `adapt` beside what learns each assay from its molecules alone.

    python -m benchmarks.intrinsic_dimension.new_assays [--quick] [--panel NAME] [--draws N]
        [--out FOLDER]

Every second assay of a panel, on half of its molecules, teaches a model of low dimension; the other
assays are new. Of each, some molecules of the other half are drawn (an active and an inactive at
least), and all that are not drawn are ranked: ``adapt``, a random forest, logistic regression and
nearest neighbours on the same Morgan fingerprints. Metrics are means of ROC-AUC over assays and
draws, and of the difference to the forest, draw by draw, with its Wilcoxon p. Each finished draw is
a line of ``new_assays.jsonl`` and is not done again. One thread.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import wilcoxon
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.intrinsic_dimension.panels import panels
from benchmarks.report import report
from bioassay_mtl.chem.features import Features
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.adaptation import adapt

RESULTS = Path(__file__).resolve().parents[1] / "results" / "intrinsic_dimension"
SIZES = (20, 50, 100, 500)
RIVAL = "forest"
SETTINGS: dict[str, Any] = {
    "fingerprints": {"morgan": {"kind": "morgan", "n_bits": 1024}},
    "network": {
        "kind": "low_dimensional",
        "inputs": ["morgan"],
        "coordinates": 8,
        "shared": 300,
        "width": 32,
    },
    "split": {"kind": "random", "fractions": (0.9, 0.1, 0.0)},
    "epochs": 20,
    "patience": 20,
    "calibrate": False,
    "domain": "none",
}


def rivals(seed: int) -> dict[str, Any]:
    """What learns an assay alone."""
    return {
        "forest": RandomForestClassifier(300, class_weight="balanced", random_state=seed),
        "logistic": LogisticRegression(max_iter=1_000, class_weight="balanced"),
        "neighbours": KNeighborsClassifier(3, metric="jaccard", weights="distance"),
    }


def drawn(active: NDArray[np.bool_], m: int, seed: int) -> NDArray[np.int64] | None:
    """Places of m molecules, of both kinds; None where there are too few."""
    rng = np.random.default_rng(seed)
    if m + 20 > len(active) or active.all() or not active.any():
        return None
    first = [rng.choice(np.flatnonzero(active == each)) for each in (True, False)]
    rest = rng.permutation(np.setdiff1d(np.arange(len(active)), first))[: m - 2]
    return np.sort(np.concatenate([first, rest]))


def one(model: Model, panel: Panel, features: Features, m: int, seed: int) -> dict[str, float]:
    """ROC-AUC of each contender on the molecules that were not drawn; empty where there is none."""
    cells = panel.cells.of_task(0)
    rows, active = cells.rows, cells.values > 0.5
    places = drawn(active, m, seed)
    if places is None:
        return {}
    rest = np.setdiff1d(np.arange(len(rows)), places)
    if active[rest].all() or not active[rest].any():
        return {}
    parts = Split(rows[places], rows[:0], rows[rest], len(panel))
    adapted = adapt(model, panel, parts=parts, features=features)
    found = {"adapt": adapted.outputs_of(features.take(rows[rest]))[:, 0]}
    bits = features.blocks["morgan"].take(rows).dense() > 0
    for name, rival in rivals(seed).items():
        rival.fit(bits[places], active[places])
        found[name] = rival.predict_proba(bits[rest])[:, 1]
    return {name: float(roc_auc_score(active[rest], said)) for name, said in found.items()}


def results(panel: Panel, folder: Path, sizes: tuple[int, ...], n_draws: int) -> Iterator[Any]:
    """One record a draw, from the file where they are there."""
    file = folder / "new_assays.jsonl"
    known = {}
    if file.exists():
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        known = {(line["assay"], line["m"], line["draw"]): line for line in lines}
    half = np.random.default_rng(0).permutation(len(panel)) % 2 == 0
    source, out = panel.take(np.flatnonzero(half)), folder / "source"
    if out.exists():
        model = Model.load(out)
    else:
        model = train(source.select_tasks(panel.tasks[::2]), SETTINGS, out=out, resume=True)
    others = panel.take(np.flatnonzero(~half))
    features = panel_features(others, model.featurizer)
    others, features = others.take(np.flatnonzero(features.ok)), features.take(features.ok)
    for assay in panel.tasks[1::2]:
        alone = others.select_tasks([assay])
        for m in sizes:
            for draw in range(n_draws):
                if (line := known.get((assay, m, draw))) is None:
                    line = {"assay": assay, "m": m, "draw": draw}
                    line["roc_auc"] = one(model, alone, features, m, draw)
                    with file.open("a") as stream:
                        stream.write(json.dumps(line) + "\n")
                yield line


def main() -> None:
    """Parse the command line, measure, and print means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--panel", choices=sorted(panels), default="tox21")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    sizes, n_draws = ((20, 100), 2) if given.quick else (SIZES, given.draws)
    folder = given.out / f"new-{given.panel}"
    folder.mkdir(parents=True, exist_ok=True)
    found = defaultdict(list)
    for line in results(panels[given.panel](), folder, sizes, n_draws):
        if line["roc_auc"]:
            found[line["m"]].append(line["roc_auc"])
    for m, lines in found.items():
        for name in lines[0]:
            scores = np.array([line[name] for line in lines])
            report(f"{given.panel}, {m} molecules, {name}", "roc_auc", float(scores.mean()), "")
            if name != RIVAL:
                more = scores - np.array([line[RIVAL] for line in lines])
                case = f"{given.panel}, {m} molecules, {name} less {RIVAL}"
                report(case, "roc_auc", float(more.mean()), "")
                report(case, "wilcoxon_p", float(wilcoxon(more).pvalue), "")


if __name__ == "__main__":
    main()
