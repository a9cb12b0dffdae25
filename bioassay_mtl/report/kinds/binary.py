"""Assays with actives and inactives: how well the former are ranked above the latter."""

from __future__ import annotations

import math

from markupsafe import Markup

from bioassay_mtl.data.metrics import Evaluation
from bioassay_mtl.errors import counted
from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.kinds.base import Findings, kind_reports
from bioassay_mtl.report.kinds.curves import curve_cards, overview
from bioassay_mtl.report.kinds.metrics_table import Shown, metric_key, metric_table
from bioassay_mtl.report.kinds.mistakes import mistakes
from bioassay_mtl.report.page import Section
from bioassay_mtl.report.table import Column
from bioassay_mtl.report.wording import UNKNOWN, brief, percent

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
        "Actives among the best 1 %, as a multiple of chance",
        1,
        in_summary="Mean enrichment, best 1 %",
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
                + Markup("<h3>{}</h3>").format(counted(len(found.tasks), "assay"))
                + metric_table(evidence, METRICS, counts),
            ),
            Section("curves", "Curves of single assays", curve_cards(evidence, found)),
            Section("mistakes", "Worst mistakes", mistakes(evidence)),
        ],
    )


def _lead(found: Evaluation) -> str:
    auc, factor = (found.kind_macro["binary"][name] for name in ("roc_auc", "enrichment_factor"))
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
