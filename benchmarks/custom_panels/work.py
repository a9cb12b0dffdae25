"""One piece of work, done once and kept: contenders on a drawn panel, or one on a whole panel."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cache, cached_property, partial
from typing import Any

import numpy as np

from benchmarks.custom_panels.draws import DrawnPanel, Piece, drawn
from benchmarks.custom_panels.rivals import MEAN, rivals, run_rivals
from benchmarks.harness import contenders
from benchmarks.harness.chemprop_program import chemprop
from benchmarks.harness.contenders import Contender, Options, Outcome
from benchmarks.harness.datasets import NO_ROWS, Source, sources
from benchmarks.harness.deepchem_networks import deepchem
from benchmarks.harness.ledger import Entry, Key, Ledger
from benchmarks.harness.networks import n_parameters
from bioassay_mtl.chem.features import Features
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train
from bioassay_mtl.training.defaults import settled
from bioassay_mtl.training.ensemble import train_ensemble

DEFAULT, NETWORK = "bioassay_mtl", "bioassay_mtl, network alone"
OURS: dict[str, dict[str, Any]] = {DEFAULT: {}, NETWORK: {"effort": "quick"}}
"""What is asked of ``train``: nothing, and no trees."""
CONTENDERS = (DEFAULT, NETWORK, *rivals, MEAN)
"""On drawn panels."""
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


def on_drawn(
    piece: Piece, ledger: Ledger, models: Sequence[str] = CONTENDERS, quick: bool = False
) -> None:
    """Do what is missing; nothing where the piece cannot be judged."""
    names = [name for name in models if ledger.get(key_of(piece, name)) is None]
    data = drawn(piece) if names else None
    if data is None:
        return
    about = {"group": list(piece.group), "brought": len(data.known), "held": len(data.test)}
    for name, (outcome, seconds) in _outcomes(data, names, quick):
        notes = {"settings": outcome.settings, "cpu_seconds": round(seconds, 1), "seed": 0}
        notes |= outcome.notes | about
        ledger.keep(data.scored(key_of(piece, name), outcome.test, **notes), seconds)


def _outcomes(
    data: DrawnPanel, names: Sequence[str], quick: bool
) -> Iterator[tuple[str, tuple[Outcome, float]]]:
    fitted = list(rivals) if MEAN in names else [name for name in names if name in rivals]
    found = run_rivals(data, fitted, quick) if fitted else {}
    yield from (each for each in found.items() if each[0] in names)
    yield from ((name, ours(data, OURS[name], quick)) for name in names if name in OURS)


def ours(data: DrawnPanel, asked: dict[str, Any], quick: bool) -> tuple[Outcome, float]:
    """What ``train`` makes of all rows that are brought, and its processor time."""
    start, n = time.process_time(), len(data.known)
    given = {"seed": 0, "device": "cpu", "loggers": ()} | asked | (QUICK if quick else {})
    parts = Split(np.arange(n), NO_ROWS, NO_ROWS, n)
    features = data.features.take(data.known)
    model = train(data.panel.take(data.known), given, parts=parts, features=features)
    new = data.features.take(data.test)
    read_by = {name: new.blocks[name] for name in model.featurizer.fingerprints}
    test = model.predict_features(Features(read_by, new.status))
    settings = {"network": model.training["config"]["network"]["kind"], **asked}
    return Outcome(test, settings), time.process_time() - start


def key_of(piece: Piece, model: str) -> Key:
    """Of a line in the results."""
    return (piece.name, model, "drawn", "test", piece.draw, "all")


class WholePanel(Source):
    """A panel with what this package reads where no option is given."""

    @cached_property
    def features(self) -> Features:
        chosen, _ = settled(None, self.panel)
        settings = {"fingerprints": chosen.fingerprints, "max_atoms": chosen.max_atoms}
        return panel_features(self.panel, Featurizer.from_config(settings))


@cache
def whole_panel(name: str) -> WholePanel:
    source, rows = PANELS[name]
    return WholePanel(**vars(sources[source]().compact(rows)) | {"name": name})


def on_whole(name: str, model: str, seed: int, ledger: Ledger, options: Options) -> Entry:
    """Train, predict the test rows and score them, once."""
    key: Key = (name, model, str(PANELS[name][1] or "all"), "test", seed, "all")
    if done := ledger.get(key):
        return done
    contender, reads = WHOLE[model]
    data = whole_panel(name)
    getattr(data, reads)
    return contenders.contested(ledger, key, contender, data, options)


def own(data: Any, seed: int, options: Options, members: int = 1) -> Outcome:
    """What ``train`` makes, or ``--ensemble``, no two of which share a member."""
    given = {"seed": members * seed, "device": "cpu"} | (QUICK if options.quick else {})
    how = {"parts": data.parts, "features": data.features}
    if members > 1:
        model = train_ensemble(data.panel, given, members, **how)
    else:
        model = train(data.panel, given, **how)
    notes = {"parameters": n_parameters(model), "epochs": len(model.training["history"])}
    notes |= {"best_epoch": model.training["best_epoch"]}
    test = model.predict_features(data.features.take(data.test))
    return Outcome(test, model.training["config"], notes)


WHOLE: dict[str, tuple[Contender, str]] = {
    "bioassay_mtl": (own, "features"),
    "bioassay_mtl, 5 seeds": (partial(own, members=MEMBERS), "features"),
    "random forest": (contenders.WHOLE_FOREST, "matrix"),
    "XGBoost": (contenders.BOOSTED, "matrix"),
    "DeepChem": (deepchem, "matrix"),
    "chemprop": (chemprop, "smiles"),
}
"""What is compared, and the attribute of the panel that it reads, made before the time is taken."""
