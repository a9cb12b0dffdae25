"""Evaluate the settings of ``pcba128`` twice, then train it on all rows: the shipped model.

``python -m benchmarks.pcba128 --out FOLDER [--data FOLDER]``: fits on the training part of each
evaluation alone and reports on its test part (with bootstrap intervals), then fits on all rows that
have SMILES and writes the model folder with both evaluations and its card.
"""

from __future__ import annotations

import argparse
import csv
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.harness.datasets import NO_ROWS, Rows, find_data
from benchmarks.harness.study import ended, parser
from benchmarks.pcba128.card import card
from benchmarks.pcba_sample import read_pcba
from benchmarks.report import report
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, SplitConfig, split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig

HERE = Path(__file__).resolve().parent
EVALUATIONS = {
    "random": SplitConfig(kind="column", column="part"),
    "scaffold": SplitConfig(kind="column", column="ogb_split"),
}


def config_of(quick: bool, device: str = "cpu") -> TrainingConfig:
    """Settings of ``pcba128``."""
    settings: dict[str, Any] = yaml.safe_load((HERE / "config.yaml").read_text())
    return TrainingConfig.of(settings | {"device": device} | ({"epochs": 1} if quick else {}))


def with_features(panel: Panel, config: TrainingConfig, quick: bool) -> Panel:
    """Rows that have SMILES, with the features of the model made once."""
    panel = panel.take(np.flatnonzero(panel.has_structure)[:: 25 if quick else 1])
    featurizer = Featurizer.from_config({"fingerprints": config.fingerprints})
    parts = (panel.labels, panel.tasks, panel.ids, panel.columns)
    blocks = panel_features(Panel(panel.structures, None, *parts), featurizer).blocks
    return Panel(panel.structures, dict(blocks), *parts)


def all_rows(panel: Panel) -> Rows:
    """Every row."""
    return np.arange(len(panel), dtype=np.int64)


def fit_all(panel: Panel, config: TrainingConfig, name: str) -> Model:
    """Trained on every row."""
    parts = Split(all_rows(panel), NO_ROWS, NO_ROWS, len(panel))
    return train(panel, config, parts=parts, name=name)


def evaluated(panel: Panel, config: TrainingConfig, how: SplitConfig) -> dict[str, Any]:
    """Metrics on the test part of a model of the training part."""
    parts = split(panel, how)
    model = train(panel, config, parts=Split(parts.train, NO_ROWS, NO_ROWS, len(panel)))
    test = panel.take(parts.test)
    predicted = model.predict_features(test.features or {})
    result = evaluate(test.labels, predicted, panel.tasks, n_bootstrap=200)
    return {"n_train": len(parts.train), "n_test": len(test)} | result.to_json()


def run(asked: argparse.Namespace) -> None:
    """Train three times."""
    folder, config = find_data(asked.data) / "pcba", config_of(asked.quick)
    panel = with_features(read_pcba(folder), config, asked.quick)
    metrics = {name: evaluated(panel, config, how) for name, how in EVALUATIONS.items()}
    for name, found in metrics.items():
        for metric in ("roc_auc", "average_precision"):
            report(f"pcba128 {name} test", f"macro_{metric}", found["macro"][metric], "1")
    model = fit_all(panel, config, "pcba128")
    model.metrics = metrics
    with (folder / "assay_annotations.csv").open(newline="") as stream:
        model.annotations = {
            row.pop("task"): {key: value for key, value in row.items() if value}
            for row in csv.DictReader(stream)
        }
    model.card = card(model)
    model.save(asked.out, half=True)
    report_size("pcba128", Path(asked.out))


def report_size(name: str, folder: Path) -> None:
    """Of a model folder."""
    size = sum(path.stat().st_size for path in folder.iterdir())
    report(f"{name} model folder", "size", size / 1e6, "MB", "<= 20")


def main() -> int:
    """Read the command line."""
    options = parser(__doc__, "one epoch on 2,000 rows")
    options.add_argument("--out", required=True, help="model folder to write; must not exist")
    return ended(partial(run, options.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
