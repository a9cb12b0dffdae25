"""New assays from few molecules: `adapt` beside what learns each assay from its molecules alone.

Every second assay of a panel, on half of its molecules, teaches a model of low dimension and an
ordinary one; the other assays are new. Of each, some molecules of the other half are drawn (an
active and an inactive at least), and as many as ``MOST`` of those that are not drawn are ranked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.intrinsic_dimension.codes import LEARNING, LOW, ORDINARY
from benchmarks.intrinsic_dimension.panels import panels
from bioassay_mtl.chem.features import Features
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.adaptation import adapt

DRAWN = (20, 50, 100, 500)
MOST = 1_000
TAUGHT = {"fingerprints": LEARNING["fingerprints"], "calibrate": False, "domain": "none"}
SOURCE = TAUGHT | {"split": {"kind": "random", "fractions": (0.9, 0.1, 0.0)}, "epochs": 20}
SHARED = LOW | {"depth": 2, "coordinates": 8, "shared": 300}


def draw(name: str, number: int, folder: Path) -> dict[str, Any]:
    """ROC-AUC of each contender, by assay and number of molecules, for one draw of them."""
    panel, folder = panels[name](), folder.parent / f"source-{name}"
    half = np.random.default_rng(0).permutation(len(panel)) % 2 == 0
    others = panel.take(np.flatnonzero(~half))
    source = panel.take(np.flatnonzero(half)).select_tasks(panel.tasks[::2])
    low = _taught(source, SHARED, folder / "low")
    _taught(source, ORDINARY, folder / "ordinary")
    features = panel_features(others, low.featurizer)
    others, features = others.take(np.flatnonzero(features.ok)), features.take(features.ok)
    found = []
    for assay in panel.tasks[1::2]:
        alone = others.select_tasks([assay])
        for m in DRAWN:
            parts = drawn(alone, m, number)
            if parts is not None:
                scores = one(low, folder / "ordinary", alone, features, parts, number)
                found.append({"assay": assay, "m": m, "roc_auc": scores})
    return {"panel": name, "draw": number, "results": found}


def _taught(source: Panel, network: dict[str, Any], out: Path) -> Model:
    if out.exists():
        return Model.load(out)
    return train(source, SOURCE | {"network": network}, out=out, resume=True)


def drawn(panel: Panel, m: int, seed: int) -> Split | None:
    """Rows to learn from, of both outcomes, and to rank; None where there are too few."""
    rng, cells = np.random.default_rng(seed), panel.cells.of_task(0)
    rows, active = cells.rows, cells.values > 0.5
    if m + 50 > len(rows) or min(active.sum(), (~active).sum()) < 2:
        return None
    first = [rng.choice(np.flatnonzero(active == each)) for each in (True, False)]
    rest = rng.permutation(np.setdiff1d(np.arange(len(rows)), first))
    test = np.sort(rest[m - 2 :][:MOST])
    if active[test].all() or not active[test].any():
        return None
    train_rows = np.sort(np.concatenate([first, rest[: m - 2]]))
    return Split(rows[train_rows], rows[:0], rows[test], len(panel))


def one(
    low: Model, start: Path, panel: Panel, features: Features, parts: Split, seed: int
) -> dict[str, float]:
    """ROC-AUC of each contender on the molecules that were not drawn."""
    labels = np.zeros(len(panel), dtype=bool)
    labels[panel.cells.row] = panel.cells.value > 0.5
    few, rest = (features.take(rows) for rows in (parts.train, parts.test))
    adapted = adapt(low, panel, parts=parts, features=features).predict_features(rest)[:, 0]
    of_few, of_rest = (each.blocks["morgan"].dense() > 0 for each in (few, rest))
    said = rivals(of_few, labels[parts.train], of_rest, seed) | {"adapt": adapted}
    said["adapt + forest"] = (adapted + said["forest"]) / 2
    settings = TAUGHT | {"start_from": str(start), "network": ORDINARY, "epochs": 15}
    warm = train(panel, settings | {"seed": seed}, parts=parts, features=features)
    said["train --from"] = warm.outputs_of(rest)[:, 0]
    active = labels[parts.test]
    return {name: round(float(roc_auc_score(active, each)), 5) for name, each in said.items()}


def rivals(
    few: NDArray[np.bool_], active: NDArray[np.bool_], rest: NDArray[np.bool_], seed: int
) -> dict[str, NDArray[Any]]:
    """Probabilities of what learns an assay alone, from ``(n, 1024)`` bits."""
    found = {
        "forest": RandomForestClassifier(100, class_weight="balanced", random_state=seed),
        "logistic": LogisticRegression(max_iter=1_000, class_weight="balanced"),
        "neighbours": KNeighborsClassifier(3, metric="jaccard", weights="distance"),
    }
    return {name: each.fit(few, active).predict_proba(rest)[:, 1] for name, each in found.items()}
