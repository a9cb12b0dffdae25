"""Evidence with a quick baseline on the same rows, and that baseline under another split."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.errors import InputError
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.metrics.cells import predicted_columns
from bioassay_mtl.metrics.differences import differences
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.report.compared import Compared, Elsewhere
from bioassay_mtl.report.evidence import Evidence, Role
from bioassay_mtl.splits import Split, SplitConfig, split
from bioassay_mtl.training.baseline import MOST_CELLS, QuickBaseline

if TYPE_CHECKING:
    from bioassay_mtl.training.cross_validation import CrossValidation

log = logging.getLogger(__name__)

Rows = NDArray[np.int64]
Fits = Sequence[tuple[Rows, Rows]]
"""Rows to fit to, and rows to predict."""

OF_ONE_CHEMISTRY = ("random", "stratified")
"""Splits whose parts hold molecules of the same series."""

SHARE = 0.2
"""Share of the rows that is held out elsewhere, where the model's own split says nothing."""

JUDGED: tuple[Role, ...] = ("graded", "chose")


def beside_baseline(evidence: Evidence, panel: Panel, parts: Split, workers: int = 1) -> Evidence:
    """Evidence of a model of one split, with the baseline of the same training rows.

    Parameters
    ----------
    evidence
        Evidence from :func:`~bioassay_mtl.report.evidence.held_out`.
    panel, parts
        Panel and split that the model was trained with.
    workers
        Processes that featurize.
    """
    assert evidence.at is not None
    return _beside(evidence, panel, [(parts.train, evidence.at)], workers)


def beside_baselines(evidence: Evidence, found: CrossValidation, workers: int = 1) -> Evidence:
    """Evidence of a model of folds, with a baseline for each fold of the first repeat."""
    fold, ok = found.fold[0], found.features.ok
    numbers = np.unique(fold[ok]).tolist()
    pairs = [(np.flatnonzero(fold != n), np.flatnonzero((fold == n) & ok)) for n in numbers]
    return _beside(evidence, found.panel, pairs, workers)


def _beside(evidence: Evidence, panel: Panel, fits: Fits, workers: int) -> Evidence:
    if evidence.role not in JUDGED or evidence.at is None:
        return evidence
    if why := _why_none(panel, fits):
        return replace(evidence, why_none=why)
    try:
        return _compared(evidence, QuickBaseline(panel, workers), fits)
    except Exception as error:  # what took hours to train is not lost for a line of its report
        log.warning("no quick baseline: %s: %s", type(error).__name__, error)
        return replace(evidence, why_none=f"it failed ({type(error).__name__})")


def _compared(evidence: Evidence, baseline: QuickBaseline, fits: Fits) -> Evidence:
    panel, at = baseline.panel, evidence.at
    assert at is not None
    if not baseline.features.ok[at].all():
        return replace(evidence, why_none="it cannot read all of the molecules")
    said = _said(baseline, panel, fits, at)
    cells, tasks, kinds = evidence.panel.cells, evidence.panel.tasks, evidence.panel.kinds
    apart = differences(
        cells,
        evidence.predictions,
        said,
        tasks,
        kinds,
        n_bootstrap=evidence.n_bootstrap,
        seed=evidence.seed,
    )
    found = evaluate(cells, said, tasks, kinds=kinds)
    return replace(evidence, baseline=Compared(found, apart, _elsewhere(baseline, evidence)))


def _why_none(panel: Panel, fits: Fits) -> str:
    """Reason why there is no baseline; empty where there can be one."""
    if panel.structures is None or not panel.has_structure.all():
        return "not all molecules have a structure"
    n = sum(int(panel.cells.per_row[train].sum()) for train, _ in fits)
    if n > MOST_CELLS:
        return f"it is fitted to {MOST_CELLS:,} measured outcomes at most, and here are {n:,}"
    return ""


def _said(baseline: QuickBaseline, panel: Panel, fits: Fits, asked: Rows) -> NDArray[np.float32]:
    """``(P,)`` predictions of the measured cells of the rows that are asked for."""
    cells = panel.cells
    rows, _, _ = predicted_columns(cells, panel.kinds)
    whole = np.full(len(rows), np.nan, np.float32)
    for train, held_out in fits:
        whole[np.isin(rows, held_out)] = baseline.predictions(train, np.sort(held_out))
    return whole[np.isin(rows, asked)]


def _elsewhere(baseline: QuickBaseline, evidence: Evidence) -> Elsewhere | None:
    """The baseline with whole scaffolds held out; at random, where the model's split does that."""
    panel = baseline.panel
    settings = (evidence.model.training.get("config") or {}).get("split") or {}
    own = str(settings.get("kind", "random"))
    other = "scaffold" if own in OF_ONE_CHEMISTRY else "random"
    try:
        parts = split(panel, SplitConfig(kind=other, fractions=(1 - SHARE, 0, SHARE)))
        rows = parts.test[baseline.features.ok[parts.test]]
        said = baseline.predictions(parts.train, rows)
    except InputError:  # too few molecules, or scaffolds, to hold any out
        return None
    found = evaluate(panel.cells.take(rows), said, panel.tasks, kinds=panel.kinds)
    return Elsewhere(own, other, found) if found.evaluable.any() else None
