"""One piece of work on a drawn panel: all contenders on the same rows, done once and kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.custom_panels.contender import Outcome
from benchmarks.custom_panels.judge import Key, scored
from benchmarks.custom_panels.pieces import Piece
from benchmarks.custom_panels.pools import DrawnPanel, drawn
from benchmarks.custom_panels.tuned import MEAN, rivals, run_rivals
from benchmarks.rivals.ledger import Entry, Ledger
from benchmarks.rivals.provenance import provenance
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train

DEFAULT, NETWORK = "bioassay_mtl", "bioassay_mtl, network alone"
OURS: dict[str, dict[str, Any]] = {DEFAULT: {}, NETWORK: {"effort": "quick"}}
"""What is asked of ``train``: nothing, and no trees."""
WORTH = ("average_precision", "roc_auc", "rmse")
CONTENDERS = (DEFAULT, NETWORK, *rivals, MEAN)


@dataclass
class DrawnWork:
    """What is done, and what is left.

    Parameters
    ----------
    ledger
        Finished work; what is there is not done again.
    models
        Contenders to run.
    quick
        Hardly any training.
    """

    ledger: Ledger
    models: tuple[str, ...] = CONTENDERS
    quick: bool = False
    skipped: list[str] = field(default_factory=list)

    def missing(self, piece: Piece) -> list[str]:
        """Contenders whose result is not there."""
        return [name for name in self.models if self.ledger.get(key_of(piece, name)) is None]

    def run(self, piece: Piece) -> Iterator[Entry]:
        """Do what is missing; nothing where the piece cannot be judged."""
        names = self.missing(piece)
        if not names:
            return
        data = drawn(piece)
        if data is None:
            self.skipped.append(piece.name)
            return
        for name, (outcome, seconds) in self._outcomes(data, names):
            yield self.ledger.add(entry_of(piece, name, data, outcome, seconds))

    def _outcomes(
        self, data: DrawnPanel, names: list[str]
    ) -> Iterator[tuple[str, tuple[Outcome, float]]]:
        fitted = list(rivals) if MEAN in names else [name for name in names if name in rivals]
        if fitted:
            yield from (
                each for each in run_rivals(data, fitted, self.quick).items() if each[0] in names
            )
        yield from ((name, ours(data, OURS[name], self.quick)) for name in names if name in OURS)


def ours(data: DrawnPanel, asked: dict[str, Any], quick: bool) -> tuple[Outcome, float]:
    """What ``train`` makes of all rows that are brought, and its processor time."""
    start = time.process_time()
    n, none = len(data.known), np.array([], np.int64)
    given = {"seed": 0, "device": "cpu", "loggers": ()} | asked
    given |= {"epochs": 1, "effort": "quick"} if quick else {}
    model = train(
        data.panel.take(data.known),
        given,
        parts=Split(np.arange(n), none, none, n),
        features=data.features.take(data.known),
    )
    new = data.features.take(data.parts.test)
    read = {name: new.blocks[name] for name in model.featurizer.fingerprints}
    test = model.predict_features(type(new)(read, new.status))
    network = model.training["config"]["network"]
    settings = {"network": network["kind"], **asked}
    notes = {"worth": worth_of(model.training.get("stacked"))}
    return Outcome(test, settings, notes), time.process_time() - start


def worth_of(stacked: dict[str, Any] | None) -> dict[str, list[float]]:
    """Out of fold, by metric: of each expert, of their mean, of the mixture."""
    if not stacked:
        return {}
    worth = stacked["worth"]
    rows = [
        by for each in [*worth["experts"], worth["mean"], worth["mixture"]] for by in each.values()
    ]
    return {name: [round(row[name], 4) for row in rows] for name in WORTH if name in rows[0]}


def key_of(piece: Piece, model: str) -> Key:
    """Of a line in the results."""
    return (piece.name, model, "drawn", "test", piece.draw, "all")


def entry_of(piece: Piece, model: str, data: DrawnPanel, outcome: Outcome, seconds: float) -> Entry:
    """A line of the results: scores of each assay, and what they were made with."""
    notes = {
        "settings": outcome.settings,
        "cpu_seconds": round(seconds, 1),
        **outcome.notes,
        "group": list(piece.group),
        "about": data.about,
        "assays": len(data.panel.tasks),
        "brought": len(data.known),
        "held": len(data.parts.test),
        "seed": 0,
        "made_with": provenance(),
    }
    return scored(data, key_of(piece, model), outcome.test, seconds, notes)
