"""One piece of work, done once and kept: contenders on a drawn panel, or one on a whole panel."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from benchmarks.custom_panels.pieces import Piece
from benchmarks.custom_panels.pools import DrawnPanel, drawn
from benchmarks.custom_panels.tuned import MEAN, rivals, run_rivals
from benchmarks.custom_panels.whole import CONTENDERS as WHOLE
from benchmarks.custom_panels.whole import PANELS, read
from benchmarks.harness.contenders import Contest, Options, Outcome, contested
from benchmarks.harness.datasets import NO_ROWS
from benchmarks.harness.ledger import Entry, Key, Ledger
from benchmarks.harness.provenance import provenance
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train

DEFAULT, NETWORK = "bioassay_mtl", "bioassay_mtl, network alone"
OURS: dict[str, dict[str, Any]] = {DEFAULT: {}, NETWORK: {"effort": "quick"}}
"""What is asked of ``train``: nothing, and no trees."""
WORTH = ("average_precision", "roc_auc", "rmse")
CONTENDERS = (DEFAULT, NETWORK, *rivals, MEAN)
"""On drawn panels."""


@dataclass
class DrawnWork:
    """Contenders on drawn panels; what the ledger has is not done again."""

    ledger: Ledger
    models: tuple[str, ...] = CONTENDERS
    quick: bool = False

    def run(self, piece: Piece) -> Iterator[Entry]:
        """Do what is missing; nothing where the piece cannot be judged."""
        names = [name for name in self.models if self.ledger.get(key_of(piece, name)) is None]
        data = drawn(piece) if names else None
        if data is None:
            return
        for name, (outcome, seconds) in self._outcomes(data, names):
            notes = {
                "settings": outcome.settings,
                "cpu_seconds": round(seconds, 1),
                **outcome.notes,
                "about": data.about,
                "assays": len(data.panel.tasks),
                "group": list(piece.group),
                "brought": len(data.known),
                "held": len(data.parts.test),
                "seed": 0,
                "made_with": provenance(),
            }
            yield self.ledger.add(data.scored(key_of(piece, name), outcome.test, seconds, notes))

    def _outcomes(
        self, data: DrawnPanel, names: list[str]
    ) -> Iterator[tuple[str, tuple[Outcome, float]]]:
        fitted = list(rivals) if MEAN in names else [name for name in names if name in rivals]
        found = run_rivals(data, fitted, self.quick) if fitted else {}
        yield from (each for each in found.items() if each[0] in names)
        yield from ((name, ours(data, OURS[name], self.quick)) for name in names if name in OURS)


def ours(data: DrawnPanel, asked: dict[str, Any], quick: bool) -> tuple[Outcome, float]:
    """What ``train`` makes of all rows that are brought, and its processor time."""
    start, n = time.process_time(), len(data.known)
    given = {"seed": 0, "device": "cpu", "loggers": ()} | asked
    given |= {"epochs": 1, "effort": "quick"} if quick else {}
    model = train(
        data.panel.take(data.known),
        given,
        parts=Split(np.arange(n), NO_ROWS, NO_ROWS, n),
        features=data.features.take(data.known),
    )
    new = data.features.take(data.parts.test)
    read_by = {name: new.blocks[name] for name in model.featurizer.fingerprints}
    test = model.predict_features(type(new)(read_by, new.status))
    settings = {"network": model.training["config"]["network"]["kind"], **asked}
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


@dataclass
class WholeWork:
    """Contenders on one whole panel; what the ledger has is not done again."""

    name: str
    folder: str | None
    ledger: Ledger
    options: Options

    @cached_property
    def data(self) -> Contest:
        """Its rows."""
        return read(self.name, self.folder)

    def run(self, model: str, seed: int) -> Entry:
        """Train, predict the test rows and score them, once."""
        key: Key = (self.name, model, str(PANELS[self.name][1] or "all"), "test", seed, "all")
        contender, reads = WHOLE[model]
        if self.ledger.get(key) is None:
            getattr(self.data, reads)
        return contested(self.ledger, key, contender, self.data, self.options)
