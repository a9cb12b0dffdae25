"""Assays with actives and inactives: how well the former are ranked above the latter."""

from __future__ import annotations

import math

import numpy as np
from markupsafe import Markup

from bioassay_mtl.data.metrics import Evaluation, evaluate
from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.kinds.base import Findings, kind_reports
from bioassay_mtl.report.kinds.curves import curve_cards, overview
from bioassay_mtl.report.kinds.mistakes import mistakes
from bioassay_mtl.report.page import Section, paragraph
from bioassay_mtl.report.table import Column, table
from bioassay_mtl.report.wording import UNKNOWN, brief, counted, interval, number, percent

METRICS = {
    "roc_auc": ("AUC", "Area under the ROC curve: 0.5 by chance, 1 at best"),
    "average_precision": ("AP", "Average precision: the active share by chance, 1 at best"),
    "enrichment_factor": ("EF 1 %", "Actives among the best 1 %, as a multiple of chance"),
    "brier": ("Brier", "Mean squared error of the probability: 0 at best"),
    "calibration_error": ("Calib. error", "Mean gap between probability and observed share"),
}


KEY = {
    "roc_auc": "Mean AUC",
    "average_precision": "Mean average precision",
    "enrichment_factor": "Mean enrichment, best 1 %",
    "calibration_error": "Mean calibration error",
}
"""Those that are told first."""


@kind_reports.register("binary")
def report_binary(evidence: Evidence) -> Findings:
    """Ranking, calibration and mistakes of binary assays."""
    found = evidence.evaluation or evaluate(
        np.asarray(evidence.panel.labels),
        evidence.predictions,
        evidence.panel.tasks,
        n_bootstrap=evidence.n_bootstrap,
        seed=evidence.seed,
    )
    return Findings(
        _lead(found),
        _key(found),
        [
            Section("assays", "Assays", overview(evidence, found) + _table(evidence, found)),
            Section("curves", "Curves of single assays", curve_cards(evidence, found)),
            Section("mistakes", "Worst mistakes", mistakes(evidence)),
        ],
    )


def _lead(found: Evaluation) -> str:
    auc, factor = found.macro["roc_auc"], found.macro["enrichment_factor"]
    if not math.isfinite(auc):
        return (
            "No assay has both an active and an inactive molecule among those evaluated: nothing "
            "can be said about the ranking."
        )
    where = "In the assay" if len(found.tasks) == 1 else "In an average assay"
    return (
        f"{where}, an active molecule is ranked above an inactive one {100 * auc:.0f} times out "
        f"of 100 (50 by chance), and the best-scored 1 % of molecules hold {brief(factor)} times "
        "as many actives as a random pick."
    )


def _key(found: Evaluation) -> list[tuple[str, str, str]]:
    n_used = int(found.evaluable.sum())
    actives, cells = found.n_actives.sum(), (found.n_actives + found.n_inactives).sum()
    ends = found.macro_intervals
    rows = [
        (
            "Measured outcomes",
            f"{cells:,}",
            f"{percent(actives / cells) if cells else UNKNOWN} of them active",
        )
    ]
    for name, title in KEY.items():
        digits = 1 if name == "enrichment_factor" else 3
        within = "" if ends is None else interval(ends[name][0], ends[name][1], digits)
        rows.append((title, number(found.macro[name], digits), f"95 %: {within}" if within else ""))
    if n_used < len(found.tasks):
        rows.append(
            (
                "Assays in the means",
                f"{n_used:,} of {len(found.tasks):,}",
                "the others lack an active or an inactive",
            )
        )
    return rows


def _table(evidence: Evidence, found: Evaluation) -> Markup:
    columns = [
        Column("Actives", [f"{n:,}" for n in found.n_actives.tolist()]),
        Column("Inactives", [f"{n:,}" for n in found.n_inactives.tolist()]),
    ]
    for name, (title, about) in METRICS.items():
        values = found.values[name]
        digits = 1 if name == "enrichment_factor" else 3
        shows_interval = name in ("roc_auc", "average_precision") and found.intervals is not None
        columns.append(
            Column(
                title,
                [number(value, digits) for value in values.tolist()],
                remarks=[interval(*ends) for ends in found.intervals[name].tolist()]
                if shows_interval and found.intervals is not None
                else None,
                bars=values if name in ("roc_auc", "average_precision") else None,
                about=about,
            )
        )
    notes = evidence.about()
    if any(notes):
        columns.append(Column("About", notes, is_text=True))
    return (
        Markup("<h3>{}</h3>").format(counted(len(found.tasks), "assay"))
        + paragraph(
            "Small figures are 95 % bootstrap intervals over molecules; a dash means that there "
            "is no active or no inactive to compare."
            if found.intervals is not None
            else "A dash means that there is no active or no inactive to compare.",
            "note",
        )
        + table("Metrics of each assay", found.tasks, columns, name="Assay")
    )
