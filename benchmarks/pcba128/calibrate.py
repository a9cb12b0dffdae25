"""Calibrate a shipped model: what its settings say of its molecules out of fold, put beside it.

``python -m benchmarks.pcba128.calibrate --model FOLDER [--data FOLDER]``: trains the settings of
``pcba128``, or of ``pcba128-mix`` where the folder holds that, five times without a fifth of the
rows that the model was trained on, predicts each fifth, and puts the calibration and the evidence
into the model folder. What was said is kept in ``--said FILE`` (.npz) after each fold, and goes on
from there. Five trainings take ten minutes of one core for the one, and two hours for the other.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.graph_study.cases import settings
from benchmarks.harness.datasets import NO_ROWS
from benchmarks.harness.study import begin, report
from benchmarks.pcba128.__main__ import DEVICE, QUICK, config_of, panel_of, save
from benchmarks.pcba128.cards import card, mix_card
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.confidence.evidence import OUT_OF_FOLD
from bioassay_mtl.models.evaluation import outputs_at
from bioassay_mtl.models.folder import amend_folder
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, SplitConfig, folds
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.evidence import OutOfSight, beside_of

N_FOLDS = 5


def run(asked: argparse.Namespace) -> None:
    folder, model = Path(asked.model), Model.load(asked.model)
    mixed = "members" in model.training
    configs = configs_of(asked, mixed)
    panel, featurizer = with_inputs(asked, configs)

    def fit(parts: Split) -> Model:
        fitted = [train(panel, config, parts=parts) for config in configs]
        return join(fitted, model.training["shares"]) if mixed else fitted[0]

    put_beside(folder, model.name, out_of_fold(panel, featurizer, fit, asked.said))
    model = Model.load(asked.model)
    model.card = mix_card(model) if mixed else card(model)
    save(model, folder, overwrite=True)


def configs_of(asked: argparse.Namespace, mixed: bool) -> list[TrainingConfig]:
    """Settings of ``pcba128``, and where a model is mixed those of its graph experts too."""
    return [config_of(asked), *[config_of(asked, settings("GINE", seed=0))] * mixed]


def with_inputs(
    asked: argparse.Namespace, configs: Sequence[TrainingConfig]
) -> tuple[Panel, Featurizer]:
    """The panel with all that the settings read, and what makes it."""
    inputs = {name: how for each in configs for name, how in each.fingerprints.items()}
    both = configs[0].model_copy(update={"fingerprints": inputs})
    return panel_of(asked, both), both.featurizer()


def put_beside(folder: Path, name: str, seen: OutOfSight) -> None:
    """Put the calibration and the evidence into a model folder, and report the log losses."""
    beside = beside_of(seen)
    for when in ("before", "after"):
        value = getattr(beside.get("calibration"), f"log_loss_{when}", float("nan"))
        report(f"{name} out of fold", f"log_loss_{when}", value, "nats")
    amend_folder(folder, beside)


def out_of_fold(
    panel: Panel, featurizer: Featurizer, fit: Callable[..., Model], kept: str | None = None
) -> OutOfSight:
    """What models say of the rows that each was trained without; ``fit(parts=)`` trains one."""
    cells = panel.cells
    said = np.full(cells.n_cells, np.nan, np.float32)
    if kept and Path(kept).exists():
        with np.load(kept) as before:
            said = before["logit"]
    fold: NDArray[np.int64] = np.zeros(len(panel), np.int64)
    features = panel_features(panel, featurizer)
    dealt = SplitConfig(kind="random", fractions=(0.8, 0.0, 0.2))
    for number, parts in enumerate(folds(panel, dealt, N_FOLDS)):
        fold[parts.test] = number
        here = np.flatnonzero(np.isin(cells.row, parts.test))
        if np.isfinite(said[here]).all():
            continue
        model = fit(parts=Split(parts.train, NO_ROWS, NO_ROWS, len(panel)))
        rows, tasks = cells.row[here].astype(np.int64), cells.task[here].astype(np.int64)
        said[here] = outputs_at(model, features, rows, tasks)
        print(f"fold {number + 1} of {N_FOLDS}", file=sys.stderr, flush=True)
        if kept:
            keep(OutOfSight(cells, said, fold, panel.kinds, None, OUT_OF_FOLD), kept)
    return OutOfSight(cells, said, fold, panel.kinds, None, OUT_OF_FOLD)


def keep(seen: OutOfSight, file: str | Path) -> None:
    """Write what was said, for :mod:`benchmarks.trust`."""
    cells = seen.cells
    of_cells: dict[str, Any] = {"row": cells.row, "task": cells.task, "label": cells.value}
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, logit=seen.said, fold=seen.fold, **of_cells)


if __name__ == "__main__":
    options: dict[str, dict[str, Any]] = {
        "--model": {"required": True, "help": "model folder to amend"},
        "--said": {"help": "file for what was said out of fold (.npz)"},
        "--device": DEVICE,
    }
    sys.exit(begin(__doc__, run, QUICK, options))
