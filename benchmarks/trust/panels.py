"""Panels that are split, trained on as users would, and judged on rows that nobody fitted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import bioassay_mtl as bm
from benchmarks.trust.measures import error_by_spread, false_share, outcome_scores
from bioassay_mtl.confidence.conformal import errors
from bioassay_mtl.confidence.evidence import LEVELS
from bioassay_mtl.confidence.grid import places
from bioassay_mtl.models.confident import logits_of
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, SplitConfig, split

Found = Iterator[tuple[str, float]]

QUICK: dict[str, Any] = {
    "network": {
        "experts": [
            {"inputs": ["morgan"], "width": 32},
            {"inputs": ["maccs"], "width": 32},
        ],
        "gate": {"kind": "stacked", "folds": 2},
    },
    "fingerprints": {"morgan": {"kind": "morgan", "n_bits": 512}, "maccs": {"kind": "maccs"}},
    "epochs": 4,
}
N_VALUES = 20
"""Assays of values: those with most measurements."""
FRACTIONS = (0.8, 0.0, 0.2)


def outcomes(file: Path, kind: str, seed: int, rows: int | None, settings: Any) -> Found:
    """Of actives and inactives: before and after calibration, spread, selections."""
    panel = some(bm.read_panel(file), rows, seed)
    model, test = trained(panel, kind, seed, settings)
    features = model.featurize(test.structures or [])
    labels = test.labels
    raw = model.predict_features(features, calibrated=False)
    said = model.predict_features(features)
    for when, probabilities in (("before", raw), ("after", said)):
        yield from (
            (f"{name}_{when}", value) for name, value in outcome_scores(probabilities, labels)
        )
    yield "is_calibrated", float(model.calibration is not None)
    yield from error_by_spread(said, model.spread_features(features), labels)
    if model.evidence is not None:
        tasks = np.arange(len(model.tasks))
        known = np.where(np.isnan(said), np.float32(0.5), said)
        p = model.evidence.p_values[tasks, places(logits_of(model, known, tasks))]
        yield from false_share(np.where(np.isnan(said), np.nan, p), labels)


def values(file: Path, kind: str, seed: int, rows: int | None, settings: Any) -> Found:
    """Of values: how many new measurements agree with their intervals, and how wide these are."""
    panel = bm.read_panel(file)
    most = np.sort(np.argsort(-panel.cells.counts, kind="stable")[:N_VALUES])
    panel = panel.select_tasks([panel.tasks[task] for task in most])
    measured = np.flatnonzero(np.diff(panel.cells.offsets) > 0)
    model, test = trained(some(panel.take(measured), rows, seed), kind, seed, settings)
    if model.evidence is None:
        return
    said, cells = model.predict_features(model.featurize(test.structures or [])), test.cells
    own = said[cells.row, cells.task].astype(np.float64)
    known = ~np.isnan(own)
    away = errors(own, cells.value.astype(np.float64), cells.bound)
    for place, level in enumerate(LEVELS):
        width = model.evidence.half_widths[cells.task, place]
        usable = known & np.isfinite(width)
        if not usable.any():
            continue
        yield f"coverage_at_{level:.0%}", float((away <= width)[usable].mean())
        yield f"half_width_at_{level:.0%}", float(width[usable].mean())


def some(panel: Panel, rows: int | None, seed: int) -> Panel:
    """Rows drawn without replacement."""
    if rows is None or rows >= len(panel):
        return panel
    drawn = np.random.default_rng(seed).choice(len(panel), rows, replace=False)
    return panel.take(np.sort(drawn))


def trained(panel: Panel, kind: str, seed: int, settings: Any) -> tuple[Model, Panel]:
    """A model of four fifths, and the fifth that it has not seen."""
    parts = split(panel, SplitConfig(kind=kind, fractions=FRACTIONS, seed=seed))
    train, valid = parts.train, parts.valid
    if settings is None:  # as `train` deals rows: a tenth chooses the epoch
        order = np.random.default_rng(seed).permutation(train)
        valid, train = np.sort(order[: len(order) // 9]), np.sort(order[len(order) // 9 :])
    model = bm.train(
        panel,
        {"seed": seed, "device": "cpu", "loggers": (), **(settings or {})},
        parts=Split(train, valid, parts.test, len(panel)),
    )
    return model, panel.take(parts.test)
