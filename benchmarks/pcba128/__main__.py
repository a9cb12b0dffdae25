"""Evaluate the settings of ``pcba128`` twice, then train it on all rows: the shipped model.

``python -m benchmarks.pcba128 --out FOLDER [--data FOLDER]``: fits on the training part of each
evaluation alone and reports on its test part (with bootstrap intervals), then fits on all rows that
have SMILES and writes the model folder with both evaluations and its card.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks.pcba128.card import card
from benchmarks.pcba_sample import read_pcba
from benchmarks.report import report
from benchmarks.rivals.evaluation import DataAbsentError, find_data
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, SplitConfig, split
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig

HERE = Path(__file__).resolve().parent
NO_ROWS = np.array([], dtype=np.int64)
EVALUATIONS = {
    "random": SplitConfig(kind="column", column="part"),
    "scaffold": SplitConfig(kind="column", column="ogb_split"),
}


def main() -> int:
    """Train three times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, help="model folder to write; must not exist")
    parser.add_argument("--data", help="folder with pcba/")
    parser.add_argument("--quick", action="store_true", help="one epoch on 2,000 rows")
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    try:
        folder = find_data(arguments.data)
    except DataAbsentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    settings = yaml.safe_load((HERE / "config.yaml").read_text())
    if arguments.quick:
        settings["epochs"] = 1
    config = TrainingConfig.of(settings)
    panel = with_features(read_pcba(folder / "pcba"), config, arguments.quick)
    metrics: dict[str, Any] = {}
    for name, how in EVALUATIONS.items():
        parts = split(panel, how)
        fitted = Split(parts.train, NO_ROWS, NO_ROWS, len(panel))
        model = train(panel, config, parts=fitted)
        test = panel.take(parts.test)
        result = evaluate(
            test.labels, model.predict_features(test.features or {}), panel.tasks, n_bootstrap=200
        )
        metrics[name] = {"n_train": len(parts.train), "n_test": len(test)} | result.to_json()
        for metric in ("roc_auc", "average_precision"):
            report(f"pcba128 {name} test", f"macro_{metric}", result.macro[metric], "1")
    everything = Split(all_rows(panel), NO_ROWS, NO_ROWS, len(panel))
    model = train(panel, config, parts=everything, name="pcba128")
    model.metrics = metrics
    model.annotations = read_annotations(folder / "pcba" / "assay_annotations.csv")
    model.card = card(model)
    model.save(arguments.out, half=True)
    size = sum(path.stat().st_size for path in Path(arguments.out).iterdir())
    report("pcba128 model folder", "size", size / 1e6, "MB", "<= 20")
    print(json.dumps({"rows": len(panel)}), file=sys.stderr)
    return 0


def with_features(panel: Panel, config: TrainingConfig, quick: bool) -> Panel:
    """Rows that have SMILES, with the features of the model made once."""
    panel = panel.take(np.flatnonzero(panel.has_structure)[:: 25 if quick else 1])
    featurizer = Featurizer.from_config({"fingerprints": config.fingerprints})
    bare = Panel(panel.structures, None, panel.labels, panel.tasks, panel.ids, panel.columns)
    blocks = panel_features(bare, featurizer).blocks
    return Panel(
        panel.structures, dict(blocks), panel.labels, panel.tasks, panel.ids, panel.columns
    )


def read_annotations(path: Path) -> dict[str, dict[str, str]]:
    """Target class and disease area of each assay where they are known."""
    with path.open(newline="") as stream:
        return {
            row.pop("task"): {key: value for key, value in row.items() if value}
            for row in csv.DictReader(stream)
        }


def all_rows(panel: Panel) -> NDArray[np.int64]:
    """Every row."""
    return np.arange(len(panel), dtype=np.int64)


if __name__ == "__main__":
    sys.exit(main())
