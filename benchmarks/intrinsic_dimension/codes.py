"""Codes of several sizes, what can be promised of them, and ordinary models beside them."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.harness.networks import n_parameters
from benchmarks.intrinsic_dimension.panels import panels
from bioassay_mtl.chem.features import Features
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
