"""Calibrate ``pcba128``: what its settings say of its molecules out of fold, put beside the model.

``python -m benchmarks.pcba128.calibrate --model FOLDER [--data FOLDER]``: trains the settings five
times without a fifth of the rows that the model was trained on, predicts each fifth, and puts the
calibration and the evidence into the model folder. What was said is kept in ``--said FILE`` (.npz).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.datasets import NO_ROWS
from benchmarks.harness.study import begin, report
from benchmarks.pcba128.__main__ import DEVICE, QUICK, config_of, panel_of, save
from benchmarks.pcba128.cards import card
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.confidence.evidence import OUT_OF_FOLD
from bioassay_mtl.models.evaluation import outputs_at
from bioassay_mtl.models.folder import amend_folder
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, SplitConfig, folds
from bioassay_mtl.training import train
from bioassay_mtl.training.evidence import OutOfSight, beside_of

N_FOLDS = 5


def run(asked: argparse.Namespace) -> None:
    config = config_of(asked)
    panel = panel_of(asked, config)
    seen = out_of_fold(panel, config.featurizer(), partial(train, panel, config))
    if asked.said:
        cells = seen.cells
        kept: dict[str, Any] = {"row": cells.row, "task": cells.task}
        kept["label"] = cells.value.astype(np.int8)
        np.savez(asked.said, logit=seen.said, fold=seen.fold, **kept)
    put_beside(Path(asked.model), "pcba128", seen)
    model = Model.load(asked.model)
    model.card = card(model)
    save(model, Path(asked.model), overwrite=True)


def put_beside(folder: Path, name: str, seen: OutOfSight) -> None:
    """Put the calibration and the evidence into a model folder, and report the log losses."""
    beside = beside_of(seen)
    for when in ("before", "after"):
        value = getattr(beside.get("calibration"), f"log_loss_{when}", float("nan"))
        report(f"{name} out of fold", f"log_loss_{when}", value, "nats")
    amend_folder(folder, beside)


def out_of_fold(panel: Panel, featurizer: Featurizer, fit: Callable[..., Model]) -> OutOfSight:
    """What models say of the rows that each was trained without; ``fit(parts=)`` trains one."""
    cells = panel.cells
    said = np.full(cells.n_cells, np.nan, np.float32)
    fold: NDArray[np.int64] = np.zeros(len(panel), np.int64)
    features = panel_features(panel, featurizer)
    dealt = SplitConfig(kind="random", fractions=(0.8, 0.0, 0.2))
    for number, parts in enumerate(folds(panel, dealt, N_FOLDS)):
        model = fit(parts=Split(parts.train, NO_ROWS, NO_ROWS, len(panel)))
        fold[parts.test] = number
        here = np.flatnonzero(np.isin(cells.row, parts.test))
        rows, tasks = cells.row[here].astype(np.int64), cells.task[here].astype(np.int64)
        said[here] = outputs_at(model, features, rows, tasks)
        print(f"fold {number + 1} of {N_FOLDS}", file=sys.stderr, flush=True)
    return OutOfSight(cells, said, fold, panel.kinds, None, OUT_OF_FOLD)


if __name__ == "__main__":
    options: dict[str, dict[str, Any]] = {
        "--model": {"required": True, "help": "model folder to amend"},
        "--said": {"help": "file for what was said out of fold (.npz)"},
        "--device": DEVICE,
    }
    sys.exit(begin(__doc__, run, QUICK, options))
