"""DeepChem's network and chemprop's, both stopped on the validation rows."""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.custom_panels.contender import Options, Outcome, contender
from benchmarks.custom_panels.judge import choice_score
from benchmarks.custom_panels.panels import CustomPanel
from benchmarks.rivals import chemprop_program, deepchem_network
from bioassay_mtl.tasks.labels import as_floats

CHEMPROP_EPOCHS = 25
CHEMPROP_MINUTES = 40.0
STOP_ON_VALUES = "mean RMSE of the exact validation values"


@contender("DeepChem", reads="counts")
def deepchem(data: CustomPanel, seed: int, options: Options) -> Outcome:
    """``MultitaskClassifier``, or ``MultitaskRegressor`` on standardised values."""
    panel, parts = data.panel, data.parts
    mean, scale = standards(data) if not data.is_binary else (0.0, 1.0)
    labels = panel.labels if data.is_binary else (panel.labels - mean) / scale
    result = deepchem_network.fit_network(
        data.counts,
        labels,
        {"fit": parts.train, "valid": parts.valid, "test": parts.test},
        panel.tasks,
        seed,
        2 if options.quick else deepchem_network.EPOCHS,
        score=lambda guess: choice_score(data, guess * scale + mean),
    )
    settings = dict(deepchem_network.SETTINGS)
    if not data.is_binary:
        settings |= {"stop_on": STOP_ON_VALUES, "values": "standardised; a bound taken for a value"}
    notes = {"epochs": result.epochs, "best_epoch": result.best_epoch}
    return Outcome(result.test * scale + mean, settings, notes)


def standards(data: CustomPanel) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation (T,) of each assay's values that are fitted on."""
    labels = data.panel.labels[data.parts.train]
    scale = np.nanstd(labels, axis=0)
    return np.nanmean(labels, axis=0), np.where(scale > 0, scale, 1).astype(np.float32)


@contender("chemprop")
def chemprop(data: CustomPanel, seed: int, options: Options) -> Outcome:
    """Its default network through its own command line; bounds count as such in its loss."""
    if options.chemprop is None:
        raise SystemExit("chemprop runs as a program of its own: give --chemprop")
    folder = options.scratch / f"chemprop-{data.name}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_tables(data, folder)
    asked = ["--task-type", "classification"]
    if not data.is_binary:
        asked = ["--task-type", "regression", "--loss-function", "bounded-mse"]
    epochs = 2 if options.quick else CHEMPROP_EPOCHS
    result = chemprop_program.fit_tables(
        options.chemprop,
        folder,
        data.panel.tasks,
        lambda guess: choice_score(data, guess),
        seed,
        epochs,
        CHEMPROP_MINUTES,
        asked,
    )
    settings: dict[str, Any] = chemprop_program.settings(epochs, asked)
    settings["version"] = chemprop_program.version(options.chemprop)
    if not data.is_binary:
        settings["checkpoint"] = f"best validation loss or last, by {STOP_ON_VALUES}"
    return Outcome(result.test, settings, result.notes)


def write_tables(data: CustomPanel, folder: Any) -> None:
    """Write what :func:`benchmarks.rivals.chemprop_program.fit_tables` reads."""
    parts, smiles = data.parts, np.array(data.smiles, dtype=object)
    table = pd.DataFrame(cells(data)[data.known], columns=list(data.panel.tasks))
    table.insert(0, "smiles", smiles[data.known])
    table.insert(1, "split", ["train"] * len(parts.train) + ["val"] * len(parts.valid))
    table.to_csv(folder / "train.csv", index=False)
    for name, rows in (("valid", parts.valid), ("test", parts.test)):
        pd.DataFrame({"smiles": smiles[rows]}).to_csv(folder / f"{name}.csv", index=False)


def cells(data: CustomPanel) -> NDArray[np.object_]:
    """Labels as text, (n, T): empty where not measured, ``>5`` and ``<5`` for bounds."""
    labels = as_floats(data.panel.labels)
    bounds = data.panel.bounds
    sides = np.zeros(labels.shape, np.int8) if bounds is None else bounds
    text = np.full(labels.shape, "", dtype=object)
    for row, column in np.argwhere(data.panel.mask):
        sign = {-1: "<", 0: "", 1: ">"}[int(sides[row, column])]
        text[row, column] = f"{sign}{labels[row, column]:g}"
    return text
