"""Panels that are split, trained on as users would, and judged on rows that nobody fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import bioassay_mtl as bm
from benchmarks.trust.measures import (
    Floats,
    Found,
    calibrated_alone,
    domain_checkers,
    error_by,
    false_share,
    inside_and_outside,
    mapie_intervals,
    outcome_scores,
    reliability,
)
from bioassay_mtl.confidence.conformal import errors
from bioassay_mtl.confidence.evidence import LEVELS
from bioassay_mtl.confidence.grid import places
from bioassay_mtl.models.confident import logits_of
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.splits import Split, SplitConfig, split

QUICK: dict[str, Any] = {
    "network": {
        "experts": [{"inputs": ["morgan"], "width": 32}, {"inputs": ["maccs"], "width": 32}],
        "gate": {"kind": "stacked", "folds": 2},
    },
    "fingerprints": {"morgan": {"kind": "morgan", "n_bits": 512}, "maccs": {"kind": "maccs"}},
    "epochs": 4,
}
N_VALUES = 20
"""Assays of values: those with most measurements."""
FRACTIONS = (0.8, 0.0, 0.2)
MEMBERS = 3


def outcomes(panel: Panel, kind: str, settings: dict[str, Any]) -> Found:
    """Of actives and inactives: calibration, spread, distance, selections, and rivals."""
    parts = dealt(panel, kind, settings)
    model, test = bm.train(panel, settings, parts=parts), panel.take(parts.test)
    features, labels = model.featurize(test.structures or []), test.labels
    raw, said = (model.predict_features(features, calibrated=each) for each in (False, True))
    for when, found in (("before", raw), ("after", said)):
        yield from outcome_scores(found, labels, when)
    yield from reliability(said, labels)
    yield "is_calibrated", float(model.calibration is not None)
    error = np.where(labels < 0, np.nan, (said - (labels == 1)) ** 2)
    yield from error_by("spread", error, said, model.spread_features(features))
    ensemble = bm.train_ensemble(panel, {**settings, "effort": "quick"}, MEMBERS, parts=parts)
    own = ensemble.featurize(test.structures or [])
    yield from error_by("ensemble_spread", error, said, ensemble.spread_features(own))
    yield from by_domain(model, panel, parts, error, said)
    if model.evidence is not None:
        tasks = np.arange(len(model.tasks))
        known = np.where(np.isnan(said), np.float32(0.5), said)
        logits = logits_of(model, known, tasks)
        p = model.evidence.p_values[tasks, places(logits)]
        yield from false_share(np.where(np.isnan(said), np.nan, p), labels)
        logits[np.isnan(said)] = np.nan
        yield from calibrated_alone(model.evidence.counts, logits, labels)


def values(panel: Panel, kind: str, settings: dict[str, Any]) -> Found:
    """Of values: how many new measurements agree with their intervals, and how wide these are."""
    parts = dealt(panel, kind, settings)
    model, test = bm.train(panel, settings, parts=parts), panel.take(parts.test)
    features, cells = model.featurize(test.structures or []), test.cells
    said = model.predict_features(features)
    away = errors(said[cells.row, cells.task].astype(float), cells.value.astype(float), cells.bound)
    for place, level in enumerate(LEVELS if model.evidence is not None else ()):
        width = model.evidence.half_widths[cells.task, place]  # type: ignore[union-attr]
        usable = ~np.isnan(away) & np.isfinite(width)
        if usable.any():
            yield f"coverage_at_{level:.0%}", float((away <= width)[usable].mean())
            yield f"half_width_at_{level:.0%}", float(width[usable].mean())
    error = np.full(said.shape, np.nan)
    error[cells.row, cells.task] = away
    yield "mean_error", float(np.nanmean(error))
    yield from error_by("spread", error, said, model.spread_features(features))
    yield from by_domain(model, panel, parts, error, said)
    yield from mapie_intervals(panel.take(np.sort(np.r_[parts.train, parts.valid])), test, 0)


def by_domain(model: Model, panel: Panel, parts: Split, error: Floats, said: Floats) -> Found:
    """Error against the distance to training, inside and outside, and by others' checkers."""
    train, test = (list(panel.take(rows).structures or []) for rows in (parts.train, parts.test))
    found = model.domain(test)
    distance = 1 - found["similarity"].to_numpy(float)
    yield from error_by("distance", error, said, np.repeat(distance[:, None], error.shape[1], 1))
    some = ~np.isnan(error).all(axis=1)
    mean = np.nanmean(error[some], axis=1)
    yield from inside_and_outside("ours", found["in_domain"].to_numpy(bool)[some], mean)
    yield from domain_checkers(train, [test[row] for row in np.flatnonzero(some)], mean)


def read(file: Path, of_values: bool, rows: int | None, seed: int) -> Panel:
    """A panel of outcomes, or the assays of values that have most; rows drawn of it."""
    panel = bm.read_panel(file)
    if of_values:
        most = np.sort(np.argsort(-panel.cells.counts, kind="stable")[:N_VALUES])
        panel = panel.select_tasks([panel.tasks[task] for task in most])
        panel = panel.take(np.flatnonzero(np.diff(panel.cells.offsets) > 0))
    if rows is None or rows >= len(panel):
        return panel
    drawn = np.random.default_rng(seed).choice(len(panel), rows, replace=False)
    return panel.take(np.sort(drawn))


def dealt(panel: Panel, kind: str, settings: dict[str, Any]) -> Split:
    """Four fifths, a tenth of which chooses the epoch, and the fifth that is judged."""
    seed = settings["seed"]
    parts = split(panel, SplitConfig(kind=kind, fractions=FRACTIONS, seed=seed))
    order = np.random.default_rng(seed).permutation(parts.train)
    valid, train = np.sort(order[: len(order) // 9]), np.sort(order[len(order) // 9 :])
    return Split(train, valid, parts.test, len(panel))
