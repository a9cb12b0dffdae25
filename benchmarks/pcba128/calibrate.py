"""Calibrate ``pcba128``: what its settings say of its molecules out of fold, put beside the model.

``python -m benchmarks.pcba128.calibrate --model FOLDER [--data FOLDER]``: trains the settings five
times without a fifth of the rows that the model was trained on, predicts each fifth, and puts the
calibration and the evidence into the model folder. What was said is kept in ``--said FILE`` (.npz).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks.pcba128.__main__ import HERE, NO_ROWS, with_features
from benchmarks.pcba128.card import card
from benchmarks.pcba_sample import read_pcba
from benchmarks.report import report
from benchmarks.rivals.evaluation import DataAbsentError, find_data
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.confidence.evidence import OUT_OF_FOLD
from bioassay_mtl.models.evaluation import outputs_at
from bioassay_mtl.models.folder import amend_folder
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, SplitConfig, folds
from bioassay_mtl.training import train
from bioassay_mtl.training.config import TrainingConfig
from bioassay_mtl.training.evidence import OutOfSight, beside_of

N_FOLDS = 5


def main() -> int:
    """Train five times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="model folder to amend")
    parser.add_argument("--said", help="file for what was said out of fold (.npz)")
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
    seen = out_of_fold(panel, config.featurizer(), partial(train, panel, config))
    if arguments.said:
        cells = seen.cells
        np.savez(
            arguments.said,
            row=cells.row,
            task=cells.task,
            label=cells.value.astype(np.int8),
            logit=seen.said,
            fold=seen.fold,
        )
    beside = beside_of(seen)
    for metric, value in losses(beside):
        report("pcba128 out of fold", metric, value, "nats")
    amend_folder(Path(arguments.model), beside)
    model = Model.load(arguments.model)
    model.card = card(model)
    model.save(arguments.model, overwrite=True, half=True)
    return 0


def losses(beside: dict[str, object]) -> Iterator[tuple[str, float]]:
    """Mean log loss before and after, on folds that the calibration was not fitted to."""
    calibration = beside.get("calibration")
    for when in ("before", "after"):
        yield f"log_loss_{when}", getattr(calibration, f"log_loss_{when}", float("nan"))


def out_of_fold(panel: Panel, featurizer: Featurizer, fit: Callable[..., Model]) -> OutOfSight:
    """What models say of the rows that each was trained without.

    Parameters
    ----------
    panel
        All rows.
    featurizer
        Of the models.
    fit
        Trains one on given ``parts``.
    """
    cells = panel.cells
    said = np.full(cells.n_cells, np.nan, np.float32)
    fold: NDArray[np.int64] = np.zeros(len(panel), np.int64)
    features = panel_features(panel, featurizer)
    dealt = SplitConfig(kind="random", fractions=(0.8, 0.0, 0.2))
    for number, parts in enumerate(folds(panel, dealt, N_FOLDS)):
        model = fit(parts=Split(parts.train, NO_ROWS, NO_ROWS, len(panel)))
        fold[parts.test] = number
        here = np.flatnonzero(fold_of(parts, len(panel))[cells.row])
        said[here] = outputs_at(
            model, features, cells.row[here].astype(np.int64), cells.task[here].astype(np.int64)
        )
        print(f"fold {number + 1} of {N_FOLDS}", file=sys.stderr, flush=True)
    return OutOfSight(cells, said, fold, panel.kinds, None, OUT_OF_FOLD)


def fold_of(parts: Split, n: int) -> NDArray[np.bool_]:
    """``(n,)``: rows of the test part."""
    is_test = np.zeros(n, np.bool_)
    is_test[parts.test] = True
    return is_test


if __name__ == "__main__":
    sys.exit(main())
