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

from benchmarks.harness.networks import n_parameters
from benchmarks.intrinsic_dimension.panels import panels
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
SETTINGS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("settings.yaml").read_text())
LEARNING, LOW, ORDINARY = (SETTINGS[name] for name in ("learning", "low", "ordinary"))
SPLIT = SETTINGS["learning"]["split"]


class Left:
    """A panel's molecules that no model of the study learns from, read as a model does."""

    def __init__(self, panel: Panel, model: Model) -> None:
        features = panel_features(panel, model.featurizer)
        rows = usable_parts(split(panel, SplitConfig.of(SPLIT)), features, panel).test
        self.features: Features = features.take(rows)
        self.panel = panel.take(rows)

    def scores(self, model: Model) -> dict[str, float]:
        """Means over assays."""
        said = model.predict_features(self.features)
        macro = evaluate(self.panel.labels, said, self.panel.tasks).macro
        return {name: macro[name] for name in ("average_precision", "roc_auc")}

    def before(self, network: dict[str, Any], model: Model) -> dict[str, Any]:
        """What is kept of a model before it is made smaller."""
        return {"network": network, "test_rows": len(self.panel), "before": self.scores(model)}


def codes(
    name: str, network: dict[str, Any], levels: tuple[int, ...], folder: Path, **learning: Any
) -> dict[str, Any]:
    """Train on a panel; then with each codebook code, write, read again, measure and certify."""
    panel, settings = panels[name](), LEARNING | learning | {"network": LOW | network}
    model = train(panel, settings, out=folder / "model", resume=True)
    left = Left(panel, model)
    found = [_code(model, panel, folder / f"small-{each}", left, each) for each in levels]
    return left.before(network, model) | {"codes": found}


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


def free(name: str, network: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A model whose weights are all free, of each assay alone or of all."""
    panel = panels[name]()
    model = train(panel, LEARNING | {"network": network}, out=folder / "model", resume=True)
    return Left(panel, model).before(network, model) | {"numbers": n_parameters(model)}


def shipped(name: str, folder: Path) -> dict[str, Any]:
    """The settings of ``pcba128``, learned here anew, in half precision, bytes, and pruned."""
    settings = yaml.safe_load(SHIPPED.read_text())
    # Features that a panel brings are not those that the settings name.
    panel = panels[name]().changed(features=None)
    prints = Featurizer.from_config({"fingerprints": settings["fingerprints"]})
    features = panel_features(panel, prints)
    parts = usable_parts(split(panel, SplitConfig.of(SPLIT)), features, panel)
    settings |= {"calibrate": False, "domain": "none", "batch_size": 256}
    model = train(panel, settings, parts=parts, features=features)
    left = Left(panel, model)
    weights = {n: w.detach().clone().numpy() for n, w in model.network.named_parameters()}
    state, found = model.network.state_dict(), []
    for name, smaller in SMALLER.items():
        made = {n: smaller(w) for n, w in weights.items()}
        tensors = {n: torch.from_numpy(w.astype(np.float32)) for n, (w, _) in made.items()}
        model.network.load_state_dict(state | tensors)
        size = sum(each for _, each in made.values())
        found.append({"how": name, "bytes": round(size), "after": left.scores(model)})
    return {"test_rows": len(left.panel), "smaller": found}


Weights = NDArray[np.floating]
Smaller = Callable[[Weights], tuple[Weights, float]]
"""From weights to what is left of them, and its bytes."""


def half(weights: Weights) -> tuple[Weights, float]:
    """In two bytes each."""
    return weights.astype(np.float16), 2.0 * weights.size


def eighth(weights: Weights) -> tuple[Weights, float]:
    """In one byte each, with a scale of four bytes a row."""
    rows = weights.reshape(len(weights), -1)
    scale = np.maximum(np.abs(rows).max(1, keepdims=True), 1e-12) / 127
    return ((rows / scale).round() * scale).reshape(weights.shape), rows.size + 4.0 * len(rows)


def pruned(share: float) -> Smaller:
    """Without the smallest, the rest in two bytes each; where they are, by its entropy."""

    def smaller(weights: Weights) -> tuple[Weights, float]:
        if weights.ndim < 2:
            return half(weights)
        kept = np.abs(weights) >= np.quantile(np.abs(weights), share)
        p = float(kept.mean())
        places = -(p * np.log2(p) + (1 - p) * np.log2(1 - p)) * weights.size / 8
        return np.where(kept, weights, 0).astype(np.float16), 2.0 * kept.sum() + places

    return smaller


SMALLER: dict[str, Smaller] = {
    "float32": lambda weights: (weights, 4.0 * weights.size),
    "half precision": half,
    "int8": eighth,
    **{f"{100 * share:.3g} % pruned": pruned(share) for share in (0.9, 0.97, 0.99, 0.997)},
}
