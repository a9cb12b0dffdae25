"""Whole panels, and what is compared on them: ``train`` with no option, and others as they come."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from benchmarks.harness import contenders
from benchmarks.harness.contenders import Contender, Contest, Options, Outcome
from benchmarks.harness.datasets import sources
from benchmarks.harness.networks import n_parameters
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.training import train
from bioassay_mtl.training.defaults import settled
from bioassay_mtl.training.ensemble import train_ensemble

MEMBERS = 5
QUICK = {"epochs": 1, "effort": "quick"}
PANELS: dict[str, tuple[str, int | None]] = {
    "tox21": ("tox21_scaffold", None),
    "chembl100": ("chembl100", None),
    "hiv": ("hiv_scaffold", 10_000),
    "muv": ("muv_scaffold", 10_000),
    "rules": ("rules", None),
}
"""Source of a whole panel, and the most rows that are fitted on."""


class WholePanel(Contest):
    """A panel with what this package reads where no option is given."""

    @cached_property
    def features(self) -> Features:
        """Of all rows."""
        chosen, _ = settled(None, self.panel)
        settings = {"fingerprints": chosen.fingerprints, "max_atoms": chosen.max_atoms}
        return panel_features(self.panel, Featurizer.from_config(settings))


def read(name: str, folder: str | None = None) -> Contest:
    """A whole panel by its name."""
    source, rows = PANELS[name]
    return WholePanel.of(name, sources[source](folder), rows)


def ours(data: Any, seed: int, options: Options) -> Outcome:
    """One model."""
    given = {"seed": seed, "device": "cpu"} | (QUICK if options.quick else {})
    return _ours(data, train(data.panel, given, parts=data.parts, features=data.features))


def ensemble(data: Any, seed: int, options: Options) -> Outcome:
    """``--ensemble 5``; no two ensembles share a member."""
    given = {"seed": MEMBERS * seed, "device": "cpu"} | (QUICK if options.quick else {})
    model = train_ensemble(data.panel, given, MEMBERS, parts=data.parts, features=data.features)
    return _ours(data, model)


def _ours(data: Any, model: Model) -> Outcome:
    notes = {
        "parameters": n_parameters(model),
        "epochs": len(model.training["history"]),
        "best_epoch": model.training["best_epoch"],
    }
    test = model.predict_features(data.features.take(data.parts.test))
    return Outcome(test, model.training["config"], notes)


CONTENDERS: dict[str, tuple[Contender, str]] = {
    "bioassay_mtl": (ours, "features"),
    "bioassay_mtl, 5 seeds": (ensemble, "features"),
    "random forest": (contenders.WHOLE_FOREST, "matrix"),
    "XGBoost": (contenders.BOOSTED, "matrix"),
    "DeepChem": (contenders.deepchem, "matrix"),
    "chemprop": (contenders.chemprop, "smiles"),
}
"""What is compared, and the attribute of the panel that it reads, made before the time is taken."""
