"""Give the shipped models the identities of their training molecules, and their cards anew.

``python -m benchmarks.pcba128.identities [--data FOLDER]``: both ``pcba128`` and ``pcba128-mix``
were fitted on all rows of the PCBA sample that have a SMILES, so that none is unidentified. Weights
stay as they are, to the byte.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.pcba128 import card as pcba128_card
from benchmarks.pcba128_mix import card as mix_card
from benchmarks.pcba_sample import read_pcba
from benchmarks.report import report
from benchmarks.rivals.evaluation import DataAbsentError, find_data
from bioassay_mtl.chem.identity import TrainingMolecules
from bioassay_mtl.files import sha256, write_whole
from bioassay_mtl.models.folder import _digest
from bioassay_mtl.models.folder_checks import CARD, CONFIG, METRICS, WEIGHTS
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.shipped import find_model
from bioassay_mtl.models.training_molecules import MOLECULES, training_record, write_molecules

CARDS: dict[str, Callable[[Model], str]] = {
    "pcba128": pcba128_card.card,
    "pcba128-mix": mix_card.card,
}


def main() -> int:
    """Write both folders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with pcba/")
    arguments = parser.parse_args()
    try:
        data = find_data(arguments.data)
    except DataAbsentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    molecules = training_molecules(data / "pcba")
    for name, card in CARDS.items():
        folder = find_model(name)
        refresh(folder, molecules, card)
        report(f"{name} model folder", "training_molecules", float(len(molecules)), "molecules")
        size = sum(path.stat().st_size for path in folder.iterdir())
        report(f"{name} model folder", "size", size / 2**20, "MiB", "<= 20")
    return 0


def training_molecules(folder: Path) -> TrainingMolecules:
    """Molecules of the rows that both models were fitted on."""
    panel = read_pcba(folder)
    assert panel.structures is not None
    return TrainingMolecules.of([text for text in panel.structures if text.strip()])


def refresh(folder: Path, molecules: TrainingMolecules, card: Callable[[Model], str]) -> None:
    """Write identities, card and configuration; the weights stay."""
    model = Model.load(folder)
    model.training_molecules = molecules
    model.metrics = {part: _with_honest_intervals(each) for part, each in model.metrics.items()}
    write_molecules(model, folder)
    write_whole(folder / METRICS, json.dumps(model.metrics, indent=1) + "\n")
    write_whole(folder / CARD, card(model))
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8")) | training_record(model)
    names = {WEIGHTS, METRICS, CARD, MOLECULES, *config["sha256"]} - {CONFIG}
    config["sha256"] = {name: sha256(folder / name) for name in sorted(names)}
    config["sha256"][CONFIG] = _digest(config)
    write_whole(folder / CONFIG, json.dumps(config, indent=1) + "\n")


def _with_honest_intervals(metrics: dict[str, Any]) -> dict[str, Any]:
    """Without the intervals of the calibration error.

    They were percentiles of resamples, which lie above the value for this metric, and cannot be
    made anew without the networks of the evaluation.
    """
    ends = {"calibration_error_low": None, "calibration_error_high": None}
    rows = [row | (ends if "calibration_error_low" in row else {}) for row in metrics["tasks"]]
    return metrics | {"macro": metrics["macro"] | ends, "tasks": rows}


if __name__ == "__main__":
    sys.exit(main())
