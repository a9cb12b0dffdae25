"""What ``bioassay-mtl train`` makes of a panel with no option given, alone and five together."""

from __future__ import annotations

from typing import Any

from benchmarks.custom_panels.contender import Options, Outcome, contender
from benchmarks.custom_panels.panels import CustomPanel
from benchmarks.mixture_study.runs import n_parameters
from bioassay_mtl.models.model import Model
from bioassay_mtl.training import train
from bioassay_mtl.training.ensemble import train_ensemble

MEMBERS = 5


@contender("bioassay_mtl", reads="features")
def single(data: CustomPanel, seed: int, options: Options) -> Outcome:
    """One model."""
    return _outcome(
        data, train(data.panel, given(seed, options), parts=data.parts, features=data.features)
    )


@contender("bioassay_mtl, 5 seeds", reads="features")
def ensemble(data: CustomPanel, seed: int, options: Options) -> Outcome:
    """``--ensemble 5``."""
    asked = given(MEMBERS * seed, options)  # so that no two ensembles share a member
    return _outcome(
        data, train_ensemble(data.panel, asked, MEMBERS, parts=data.parts, features=data.features)
    )


def given(seed: int, options: Options) -> dict[str, Any]:
    """All that is set; the rest is chosen for the panel."""
    return {"seed": seed, "device": "cpu"} | ({"epochs": 1} if options.quick else {})


def _outcome(data: CustomPanel, model: Model) -> Outcome:
    notes = {
        "parameters": n_parameters(model),
        "epochs": len(model.training["history"]),
        "best_epoch": model.training["best_epoch"],
    }
    test = model.predict_features(data.features.take(data.parts.test))
    return Outcome(test, model.training["config"], notes)
