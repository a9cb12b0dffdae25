"""Codes of several sizes, what can be promised of them, and ordinary models made smaller."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.coded import code_of
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels import Panel
from bioassay_mtl.splits import SplitConfig, split
from bioassay_mtl.training import train
from bioassay_mtl.training.certificate import certify
from bioassay_mtl.training.compression import compress
from bioassay_mtl.training.usable import usable_parts

SEARCHED = 64
"""Settings that bounds pay for: more than were ever tried on these panels."""
SHIPPED = Path(__file__).resolve().parents[1] / "pcba128" / "config.yaml"
SPLIT = {"kind": "random", "fractions": (0.75, 0.05, 0.2)}
LEARNING: dict[str, Any] = {
    "fingerprints": {"morgan": {"kind": "morgan", "n_bits": 1024}},
    "split": SPLIT,
    "epochs": 12,
    "patience": 12,
    "learning_rate": 0.01,
    "batch_size": 128,
    "average": 0.9,
    "calibrate": False,
    "domain": "none",
}
LOW = {"kind": "low_dimensional", "inputs": ["morgan"], "width": 32, "depth": 1}
ORDINARY = {
    "kind": "mmoeex",
    "experts": [{"inputs": ["morgan"], "n": 1, "width": 64, "depth": 2, "dropout": 0.2}],
}


class Left:
    """A panel's molecules that no model of the study learns from, read as a model does."""

    def __init__(self, panel: Panel, model: Model) -> None:
        features = panel_features(panel, model.featurizer, 1)
        rows = usable_parts(split(panel, SplitConfig.of(SPLIT)), features, panel).test
        self.features: Features = features.take(rows)
        self.panel = panel.take(rows)

    def scores(self, model: Model) -> dict[str, float]:
        """Means over assays."""
        said = model.predict_features(self.features)
        macro = evaluate(self.panel.labels, said, self.panel.tasks).macro
        return {name: macro[name] for name in ("average_precision", "roc_auc")}


def codes(
    panel: Panel, folder: Path, network: dict[str, Any], levels: tuple[int, ...], **learning: Any
) -> dict[str, Any]:
    """Train; then with each codebook code, write, read again, measure and certify."""
    settings = LEARNING | learning | {"network": LOW | network}
    model = train(panel, settings, out=folder / "model", resume=True)
    left = Left(panel, model)
    found = [_code(model, panel, folder / f"small-{each}", left, each) for each in levels]
    known = {"network": network, "test_rows": len(left.panel), "before": left.scores(model)}
    return known | {"codes": found}


def _code(model: Model, panel: Panel, folder: Path, left: Left, levels: int) -> dict[str, Any]:
    small = {"levels": levels, "bias_levels": levels, "threshold_levels": levels, "epochs": 4}
    shutil.rmtree(folder, ignore_errors=True)
    coded = compress(model, small, panel=panel, out=folder, n_searched=SEARCHED)
    again = Model.load(folder)
    held = code_of(again.network)
    assert held is not None
    same = np.array_equal(again.outputs_of(left.features), coded.outputs_of(left.features))
    files = {file.name: file.stat().st_size for file in sorted(folder.iterdir())}
    return {
        "levels": levels,
        "after": left.scores(again),
        "reads_the_same": same,
        "bytes": sum(files.values()),
        "files": files,
        "numbers": held.n_numbers,
        "bits": held.bits,
        "certificate": asdict(certify(coded, panel)),
    }


def free(panel: Panel, folder: Path, network: dict[str, Any]) -> dict[str, Any]:
    """A model whose weights are all free, of each assay alone or of all."""
    model = train(panel, LEARNING | {"network": network}, out=folder / "model", resume=True)
    left = Left(panel, model)
    return {"network": network, "test_rows": len(left.panel), "before": left.scores(model)} | {
        "numbers": sum(each.numel() for each in model.network.parameters())
    }


def shipped(panel: Panel, folder: Path) -> dict[str, Any]:
    """The settings of ``pcba128``, learned here anew, in half precision, bytes, and pruned."""
    settings = yaml.safe_load(SHIPPED.read_text())
    # Features that a panel brings are not those that the settings name.
    panel = Panel(panel.structures, None, panel.labels, panel.tasks, panel.ids)
    features = panel_features(
        panel, Featurizer.from_config({"fingerprints": settings["fingerprints"]}), 1
    )
    parts = usable_parts(split(panel, SplitConfig.of(SPLIT)), features, panel)
    settings |= {"calibrate": False, "domain": "none", "batch_size": 256}
    model = train(panel, settings, parts=parts, features=features)
    left = Left(panel, model)
    weights = {n: w.detach().clone() for n, w in model.network.named_parameters()}
    found = []
    for name, smaller in SMALLER.items():
        made = {n: smaller(w.numpy()) for n, w in weights.items()}
        state = model.network.state_dict()
        model.network.load_state_dict(
            state | {n: torch.from_numpy(w.astype(np.float32)) for n, (w, _) in made.items()}
        )
        size = sum(each for _, each in made.values())
        found.append({"how": name, "bytes": round(size), "after": left.scores(model)})
    return {"test_rows": len(left.panel), "smaller": found}


Smaller = tuple[NDArray[np.floating], float]


def half(weights: NDArray[np.float32]) -> Smaller:
    """In two bytes each."""
    return weights.astype(np.float16), 2.0 * weights.size


def eighth(weights: NDArray[np.float32]) -> Smaller:
    """In one byte each, with a scale of four bytes a row."""
    rows = weights.reshape(len(weights), -1)
    scale = np.maximum(np.abs(rows).max(1, keepdims=True), 1e-12) / 127
    return ((rows / scale).round() * scale).reshape(weights.shape), rows.size + 4.0 * len(rows)


def pruned(weights: NDArray[np.float32], share: float) -> Smaller:
    """Without the smallest, the rest in two bytes each; where they are, by its entropy."""
    if weights.ndim < 2:
        return half(weights)
    kept = np.abs(weights) >= np.quantile(np.abs(weights), share)
    p = float(kept.mean())
    places = -(p * np.log2(p) + (1 - p) * np.log2(1 - p)) * weights.size / 8
    return np.where(kept, weights, 0).astype(np.float16), 2.0 * kept.sum() + places


SMALLER: dict[str, Callable[[NDArray[np.float32]], Smaller]] = {
    "float32": lambda w: (w, 4.0 * w.size),
    "half precision": half,
    "int8": eighth,
    "90 % pruned": lambda w: pruned(w, 0.9),
    "97 % pruned": lambda w: pruned(w, 0.97),
    "99 % pruned": lambda w: pruned(w, 0.99),
    "99.7 % pruned": lambda w: pruned(w, 0.997),
}
