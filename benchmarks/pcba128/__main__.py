"""Evaluate the settings of ``pcba128`` twice, then train it on all rows: the shipped model.

``python -m benchmarks.pcba128 --out FOLDER [--data FOLDER]``: fits on the training part of each
evaluation alone and reports on its test part (with bootstrap intervals), then fits on all rows that
have SMILES and writes the model folder with both evaluations and its card.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.harness.datasets import NO_ROWS, find_data, known_assays, read_pcba
from benchmarks.harness.study import begin, report
from benchmarks.pcba128.cards import card
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, SplitConfig, split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig

QUICK = "one epoch on 2,000 rows"
DEVICE = {"default": "cpu", "help": "where networks are trained"}
EVALUATIONS = {"random": "part", "scaffold": "ogb_split"}
"""Columns that say of which part a row is."""


def config_of(asked: argparse.Namespace, settings: dict[str, Any] | None = None) -> TrainingConfig:
    """Settings of ``pcba128``, or others, where and as long as is asked for."""
    usual: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("config.yaml").read_text())
    few = {"epochs": 1} if asked.quick else {}
    return TrainingConfig.of((settings or usual) | {"device": asked.device} | few)


def panel_of(asked: argparse.Namespace, config: TrainingConfig) -> Panel:
    """Rows that have SMILES, with the features of the model made once."""
    panel = read_pcba(find_data() / "pcba").changed(features=None)
    panel = panel.take(np.flatnonzero(panel.has_structure)[:: 25 if asked.quick else 1])
    return panel.changed(features=dict(panel_features(panel, config.featurizer()).blocks))


def fit_all(panel: Panel, config: TrainingConfig, name: str) -> Model:
    parts = Split(np.arange(len(panel)), NO_ROWS, NO_ROWS, len(panel))
    return train(panel, config, parts=parts, name=name)


def evaluated(panel: Panel, config: TrainingConfig, column: str) -> dict[str, Any]:
    """Metrics on the test part of a model of the training part."""
    parts = split(panel, SplitConfig(kind="column", column=column))
    model = train(panel, config, parts=Split(parts.train, NO_ROWS, NO_ROWS, len(panel)))
    test = panel.take(parts.test)
    predicted = model.predict_features(test.features or {})
    result = evaluate(test.labels, predicted, panel.tasks, n_bootstrap=200)
    return {"n_train": len(parts.train), "n_test": len(test)} | result.to_json()


def run(asked: argparse.Namespace) -> None:
    config = config_of(asked)
    panel = panel_of(asked, config)
    metrics = {name: evaluated(panel, config, column) for name, column in EVALUATIONS.items()}
    for name, found in metrics.items():
        for metric in ("roc_auc", "average_precision"):
            report(f"pcba128 {name} test", f"macro_{metric}", found["macro"][metric], "1")
    model = fit_all(panel, config, "pcba128")
    model.metrics = metrics
    model.annotations = {
        row.pop("task"): {key: value for key, value in row.items() if value}
        for row in known_assays(find_data() / "pcba")
    }
    model.card = card(model)
    save(model, Path(asked.out))


def save(model: Model, folder: Path, **how: Any) -> None:
    """Write a folder in half precision, and report its size."""
    model.save(folder, half=True, **how)
    size = sum(path.stat().st_size for path in folder.iterdir())
    report(f"{model.name} model folder", "size", size / 1e6, "MB", "<= 28")


if __name__ == "__main__":
    out = {"required": True, "help": "model folder to write; must not exist"}
    sys.exit(begin(__doc__, run, QUICK, {"--out": out, "--device": DEVICE}))
