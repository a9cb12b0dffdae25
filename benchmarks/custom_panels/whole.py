"""Contenders on whole panels: ``train`` with no option, and others as they come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.custom_panels.judge import choice_score
from benchmarks.custom_panels.panels import CustomPanel
from benchmarks.harness import per_assay
from benchmarks.harness.chemprop_program import fit_chemprop
from benchmarks.harness.deepchem_networks import MULTITASK, fit_multitask
from benchmarks.harness.networks import n_parameters
from bioassay_mtl.models.model import Model
from bioassay_mtl.training import train
from bioassay_mtl.training.ensemble import train_ensemble

MEMBERS = 5
STOP_ON_VALUES = "mean RMSE of the exact validation values"


@dataclass(frozen=True)
class Options:
    """How contenders are run: where chemprop is, and whether there is hardly any training."""

    chemprop: Path | None = None
    quick: bool = False


@dataclass(frozen=True)
class Outcome:
    """Predictions of the test rows, (n_test, T), and how they came about."""

    test: NDArray[np.floating]
    settings: dict[str, Any]
    notes: dict[str, Any] = field(default_factory=dict)


def ours(data: CustomPanel, seed: int, options: Options) -> Outcome:
    """One model."""
    given = {"seed": seed, "device": "cpu"} | ({"epochs": 1} if options.quick else {})
    return _ours(data, train(data.panel, given, parts=data.parts, features=data.features))


def ensemble(data: CustomPanel, seed: int, options: Options) -> Outcome:
    """``--ensemble 5``; no two ensembles share a member."""
    given = {"seed": MEMBERS * seed, "device": "cpu"} | ({"epochs": 1} if options.quick else {})
    model = train_ensemble(data.panel, given, MEMBERS, parts=data.parts, features=data.features)
    return _ours(data, model)


def _ours(data: CustomPanel, model: Model) -> Outcome:
    notes = {
        "parameters": n_parameters(model),
        "epochs": len(model.training["history"]),
        "best_epoch": model.training["best_epoch"],
    }
    test = model.predict_features(data.features.take(data.parts.test))
    return Outcome(test, model.training["config"], notes)


def forest(data: CustomPanel, seed: int, options: Options) -> Outcome:
    """scikit-learn's, of 100 trees."""
    return _per_assay(data, seed, options, per_assay.AssayModel(per_assay.forest, per_assay.FOREST))


def boosted(data: CustomPanel, seed: int, options: Options) -> Outcome:
    """XGBoost, of 200 trees."""
    model = per_assay.AssayModel(per_assay.xgboost, per_assay.BOOSTED)
    return _per_assay(data, seed, options, model)


def _per_assay(
    data: CustomPanel, seed: int, options: Options, model: per_assay.AssayModel
) -> Outcome:
    """Predictions of the measured cells; the others are 0, and nothing looks at them."""
    labels, mask, test = data.panel.labels, data.panel.mask, data.parts.test
    model = model.quick() if options.quick else model
    guess = np.zeros((len(test), labels.shape[1]))
    for assay, label in enumerate(labels.T):
        at = mask[test, assay]
        guess[at, assay] = per_assay.predict_assay(
            model, data.counts, label, data.known, test[at], data.is_binary, seed
        )
    return Outcome(guess, model.about | {"rows": "those fitted on and the validation rows"})


def deepchem(data: CustomPanel, seed: int, options: Options) -> Outcome:
    """``MultitaskClassifier``, or ``MultitaskRegressor`` on standardised values."""
    mean, scale = (0.0, 1.0) if data.is_binary else standards(data)
    labels = data.panel.labels if data.is_binary else (data.panel.labels - mean) / scale
    result = fit_multitask(
        data.counts,
        labels,
        data.parts,
        lambda guess: choice_score(data, guess * scale + mean),
        seed,
        2 if options.quick else MULTITASK["epochs_at_most"],
    )
    settings = dict(MULTITASK)
    if not data.is_binary:
        settings |= {"stop_on": STOP_ON_VALUES, "values": "standardised; a bound taken for a value"}
    notes = {"epochs": result.epochs, "best_epoch": result.best_epoch}
    return Outcome(result.test * scale + mean, settings, notes)


def standards(data: CustomPanel) -> tuple[Any, Any]:
    """Mean and standard deviation (T,) of each assay's values that are fitted on."""
    labels = data.panel.labels[data.parts.train]
    scale = np.nanstd(labels, axis=0)
    return np.nanmean(labels, axis=0), np.where(scale > 0, scale, 1).astype(np.float32)


def chemprop(data: CustomPanel, seed: int, options: Options) -> Outcome:
    """Its default network through its own command line; bounds count as such in its loss."""
    result = fit_chemprop(
        options.chemprop,
        data.panel,
        data.parts,
        lambda guess: choice_score(data, guess),
        seed,
        name=data.name,
        epochs=2 if options.quick else 25,
    )
    return Outcome(result.test, result.settings, result.notes)


CONTENDERS: dict[str, tuple[Callable[[CustomPanel, int, Options], Outcome], str]] = {
    "bioassay_mtl": (ours, "features"),
    "bioassay_mtl, 5 seeds": (ensemble, "features"),
    "random forest": (forest, "counts"),
    "XGBoost": (boosted, "counts"),
    "DeepChem": (deepchem, "counts"),
    "chemprop": (chemprop, "smiles"),
}
"""What is compared, and the attribute of the panel that it reads, made before the time is taken."""
