"""One piece of work, done once and kept: contenders on a drawn panel."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks.custom_panels.draws import DrawnPanel, Piece, drawn
from benchmarks.custom_panels.networks import NETWORKS, timed
from benchmarks.custom_panels.rivals import MEAN, rivals, run_rivals
from benchmarks.harness.contenders import Options, Outcome
from benchmarks.harness.datasets import NO_ROWS
from benchmarks.harness.ledger import Key, Ledger
from bioassay_mtl.chem.features import Features
from bioassay_mtl.splits import Split
from bioassay_mtl.training import train

DEFAULT, NETWORK = "bioassay_mtl", "bioassay_mtl, network alone"
OURS: dict[str, dict[str, Any]] = {DEFAULT: {}, NETWORK: {"effort": "quick"}}
"""What is asked of ``train``: nothing, and no trees."""
CONTENDERS = (DEFAULT, NETWORK, *rivals, MEAN)
"""On drawn panels."""
NO_OPTIONS = Options()
QUICK = {"epochs": 1, "effort": "quick"}


def on_drawn(
    piece: Piece,
    ledger: Ledger,
    models: Sequence[str] = CONTENDERS,
    options: Options = NO_OPTIONS,
) -> None:
    """Do what is missing; nothing where the piece cannot be judged."""
    names = [name for name in models if ledger.get(key_of(piece, name)) is None]
    data = drawn(piece) if names else None
    if data is None:
        return
    about = {"group": list(piece.group), "brought": len(data.known), "held": len(data.test)}
    for name, (outcome, seconds) in _outcomes(data, names, options):
        notes = {"settings": outcome.settings, "cpu_seconds": round(seconds, 1), "seed": 0}
        notes |= outcome.notes | about
        ledger.keep(data.scored(key_of(piece, name), outcome.test, **notes), seconds)


def _outcomes(
    data: DrawnPanel, names: Sequence[str], options: Options
) -> Iterator[tuple[str, tuple[Outcome, float]]]:
    fitted = list(rivals) if MEAN in names else [name for name in names if name in rivals]
    found = run_rivals(data, fitted, options.quick) if fitted else {}
    yield from (each for each in found.items() if each[0] in names)
    yield from ((name, timed(name, data, options)) for name in names if name in NETWORKS)
    yield from ((name, ours(data, OURS[name], options.quick)) for name in names if name in OURS)


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
