"""Assays with actives and inactives: how well the former are ranked above the latter."""

from __future__ import annotations

import math

from bioassay_mtl.errors import counted
from bioassay_mtl.metrics import Evaluation
from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.kinds.base import Findings, kind_reports
from bioassay_mtl.report.kinds.chance import (
    beside_chance,
    enough_measured,
    mean_of,
    times,
    verdict,
)
from bioassay_mtl.report.kinds.curves import curve_cards, overview
from bioassay_mtl.report.kinds.metrics_table import Shown, metric_key, metric_table
from bioassay_mtl.report.kinds.mistakes import mistakes
from bioassay_mtl.report.page import Section, heading
from bioassay_mtl.report.table import Column
from bioassay_mtl.report.wording import UNKNOWN, brief, percent

LEAST_FOR_TOP = 1000
"""Measured molecules of which the best 1 % can be talked of: of fewer than ten molecules, a single
active more or less changes the enrichment by a tenth and more."""

METRICS = {
    "roc_auc": Shown(
        "AUC", "Area under the ROC curve: 0.5 by chance, 1 at best", 3, True, True, "Mean AUC"
    ),
    "average_precision": Shown(
        "AP",
        "Average precision: the active share by chance, 1 at best",
        3,
        True,
        True,
        "Mean average precision",
    ),
    "enrichment_factor": Shown(
        "EF 1 %",
        "Actives among the best 1 %, as a multiple of chance; of assays with "
        f"{LEAST_FOR_TOP:,} measured molecules, where that is ten or more",
        1,
        in_summary="Mean enrichment, best 1 %",
        least=LEAST_FOR_TOP,
    ),
    "brier": Shown("Brier", "Mean squared error of the probability: 0 at best"),
    "calibration_error": Shown(
        "Calib. error",
        "Mean gap between probability and observed share",
        in_summary="Mean calibration error",
    ),
}


@kind_reports.register("binary")
def report_binary(evidence: Evidence) -> Findings:
    """Ranking, calibration and mistakes of binary assays."""
    found = evidence.found
    actives, cells = found.n_actives.sum(), (found.n_actives + found.n_inactives).sum()
    share = f"{percent(actives / cells) if cells else UNKNOWN} of them active"
    counts = [
        Column("Actives", [f"{n:,}" for n in found.n_actives.tolist()]),
        Column("Inactives", [f"{n:,}" for n in found.n_inactives.tolist()]),
    ]
    return Findings(
        "Active or inactive",
        _lead(found),
        [("Measured outcomes", f"{cells:,}", share), *metric_key(evidence, METRICS)],
        [
            Section(
                "assays",
                "Active or inactive",
                overview(evidence, found)
                + heading(counted(len(found.tasks), "assay"))
                + metric_table(evidence, METRICS, counts),
            ),
            Section("curves", "Curves of single assays", curve_cards(evidence, found)),
            Section("mistakes", "Worst mistakes", mistakes(evidence)),
        ],
    )


def _lead(found: Evaluation) -> str:
    auc, ends = mean_of(found, "binary", "roc_auc")
    if not math.isfinite(auc):
        return (
            "No assay has both an active and an inactive molecule among those evaluated: nothing "
            "can be said about the ranking."
        )
    where = "In the assay" if len(found.tasks) == 1 else "In an average assay"
    ranked = (
        f"an active molecule is ranked above an inactive one {times(auc)} times out of 100 "
        f"({beside_chance(ends, '50', times)})"
    )
    said = verdict(ends, 0.5)
    if said == "as chance":
        return f"{where}, the ranking cannot be told from chance: {ranked}."
    if said == "worse":
        return f"{where}, the ranking is worse than chance: {ranked}."
    return f"{where}, {ranked}{_best_scored(found)}."


def _best_scored(found: Evaluation) -> str:
    """Actives among the best 1 %, where that is enough molecules and more than chance."""
    factor, ends = mean_of(found, "binary", "enrichment_factor", LEAST_FOR_TOP)
    n = int(enough_measured(found, LEAST_FOR_TOP).sum())
    if not factor > 1 or verdict(ends, 1) not in ("better", "unknown"):
        return ""
    of = f" of {n} assays with {LEAST_FOR_TOP:,} or more" if n < found.evaluable.sum() else ""
    within = f" (95 %: {brief(ends[0])} to {brief(ends[1])})" if ends[0] <= ends[1] else ""
    return (
        f", and the best-scored 1 % of molecules{of} hold {brief(factor)} times{within} as many "
        "actives as a random pick"
    )
