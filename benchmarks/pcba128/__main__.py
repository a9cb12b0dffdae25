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
from textwrap import fill
from typing import Any

import numpy as np
import yaml

from benchmarks.harness.datasets import NO_ROWS, find_data, read_pcba
from benchmarks.harness.study import ended, parser, report
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.sight import sight_of
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, SplitConfig, split
from bioassay_mtl.training import train
from bioassay_mtl.training.card import describe_inputs
from bioassay_mtl.training.config import TrainingConfig

TEXT = """# pcba128

Probability that a molecule is active in each of 128 PubChem BioAssay (PCBA) assays, from SMILES.

- **Network**: MMoEEx, {experts} experts of {width} units, {parameters:.1f} million parameters.
- **Reads**: {inputs}, as
  log2(1 + count). Each expert reads one of them and learns from its own loss; a gate per assay
  weighs their votes.
- **Training rows**: all {rows:,} molecules of the data below that have a SMILES, {epochs} epochs,
  no row held back; {active:,} active and {inactive:,} inactive cells. {missing:.0%} of the cells
  were never measured and have no part in training or in any figure here.
- **Weights**: safetensors, float16.
{calibrated}
## What the data are, and are not

A real sample of PCBA: about a sixth of its 440,000 molecules (those for which a SMILES could be
recovered without doubt), all 128 assays. Most are high-throughput screens at one concentration:
noisy, with many false positives, and single-target assays beside cell-based ones. Actives are rare
(about 1.4 % of measured cells; from under 0.01 % to 32 % by assay). Figures are not comparable with
tables made on all of PCBA.

## How good it is

Measured with these settings fitted on the training part of each evaluation alone, then scored on
its test part. The model shipped was fitted on the rows of both parts, so the rows of these
evaluations must not be used to evaluate it again.

| evaluation | fitted on | tested on | ROC-AUC (95 %) | average precision (95 %) | assays |
|---|---|---|---|---|---|
{table}

Macro means over the assays with an active and an inactive in the test part; intervals from 200
bootstrap samples of the test molecules (percentiles). Per-assay values are in `metrics.json`, and
`bioassay-mtl info pcba128 --json` shows them. An assay with few actives in training (see
`label_counts` in `config.json`) has little to be trusted.

## Use

- Rank molecules inside an assay; do not compare raw probabilities between assays, whose active
  shares differ a thousandfold. The fold over an assay's active share does compare.
{sight}
- Molecules unlike drug-like screening compounds (metals, polymers, peptides) are outside what it
  has seen. It says nothing on safety or efficacy.
- `benchmarks/results/` holds what screening with it costs, and how rivals do on the same rows.

Data: PubChem BioAssay (public domain), through MoleculeNet; assay annotations from MolData (CC0).
"""


def card(model: Model) -> str:
    """Markdown card of ``pcba128``; ``model.metrics`` holds both evaluations."""
    counts, config = model.label_counts, model.training["config"]
    rows = model.training["rows"]["train"]
    active, inactive = sum(counts["active"]), sum(counts["inactive"])
    return TEXT.format(
        experts=model.network.connections.shape[1],
        width=config["network"]["experts"][0]["width"],
        parameters=sum(p.numel() for p in model.network.parameters()) / 1e6,
        inputs=", ".join(describe_inputs(model)),
        calibrated=calibrated(model),
        rows=rows,
        epochs=config["epochs"],
        active=active,
        inactive=inactive,
        missing=1 - (active + inactive) / (rows * len(model.tasks)),
        sight=sight(model),
        table="\n".join(metric_row(name, values) for name, values in model.metrics.items()),
    )


def calibrated(model: Model) -> str:
    """What its probabilities were calibrated on; nothing where they were not."""
    if (found := model.calibration) is None:
        return ""
    text = (
        "**Probabilities**: calibrated for each assay on molecules that the same settings, trained "
        "without them, had not seen; their mean log loss goes from "
        f"{found.log_loss_before:.4f} to {found.log_loss_after:.4f}. `--raw` gives those of the "
        "network, of which the Brier scores and calibration errors in `metrics.json` are."
    )
    line = fill(text, 100, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
    return f"{line}\n"


def sight(model: Model) -> str:
    """What the model cannot tell apart, and how many molecules a screen marks as known."""
    lines = [] if (found := sight_of(model.featurizer)) is None else found.sentences
    if (known := model.training_molecules) is not None:
        lines = [
            *lines,
            f"A screen marks the molecules that it was trained on (`in_training`), whatever their "
            f"salt or stereochemistry: {len(known):,} different ones, {known.unidentified:,} rows "
            "without a known structure.",
        ]
    return "\n".join(
        fill(line, 100, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
        for line in lines
    )


def metric_row(name: str, values: dict[str, Any]) -> str:
    macro = values["macro"]
    cells = [
        f"{macro[metric]:.3f} ({macro[metric + '_low']:.3f} to {macro[metric + '_high']:.3f})"
        for metric in ("roc_auc", "average_precision")
    ]
    sizes = [f"{values[key]:,}" for key in ("n_train", "n_test")]
    return f"| {name} | {' | '.join([*sizes, *cells])} | {values['n_tasks_in_macro']} |"


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


def fit_all(panel: Panel, config: TrainingConfig, name: str) -> Model:
    """Trained on every row."""
    parts = Split(np.arange(len(panel)), NO_ROWS, NO_ROWS, len(panel))
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
