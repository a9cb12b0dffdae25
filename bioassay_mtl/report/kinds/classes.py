"""Assays with several classes: which are told apart, and which are taken for another."""

from __future__ import annotations

import math

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bioassay_mtl.errors import counted
from bioassay_mtl.report.cards import assay_cards, cards
from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.heat_map import heat_map
from bioassay_mtl.report.kinds.base import Findings, kind_reports
from bioassay_mtl.report.kinds.chance import beside_chance, mean_of, times, verdict
from bioassay_mtl.report.kinds.metrics_table import Shown, metric_key, metric_table
from bioassay_mtl.report.kinds.mistakes import Candidates, mistake_card, worst_cells
from bioassay_mtl.report.page import Section, heading, paragraph
from bioassay_mtl.report.table import Column
from bioassay_mtl.report.templates import piece
from bioassay_mtl.report.wording import number, percent, shortened

MOST_CARDS, FIRST_CARDS = 64, 12
MOST_CLASSES = 12
"""Most classes of which a confusion matrix is drawn."""

METRICS = {
    "balanced_accuracy": Shown(
        "Balanced acc.",
        "Mean over the classes of the share that gets its class: 1 at best",
        3,
        True,
        True,
        "Mean balanced accuracy",
    ),
    "roc_auc_ovr": Shown(
        "AUC", "Each class against the rest: 0.5 by chance", 3, True, True, "Mean AUC, one to rest"
    ),
    "quadratic_kappa": Shown(
        "Kappa",
        "Agreement beyond chance, far misses weighing more: 1 at best",
        has_bar=True,
        in_summary="Mean weighted kappa",
    ),
    "log_loss": Shown("Log loss", "Of the measured class: 0 at best"),
}


@kind_reports.register("ordinal")
def report_ordinal(evidence: Evidence) -> Findings:
    """Section of an ordinal assay."""
    return report_classes(evidence, "Classes in order")


@kind_reports.register("multiclass")
def report_multiclass(evidence: Evidence) -> Findings:
    """Section of a multiclass assay."""
    return report_classes(evidence, "Classes")


def report_classes(evidence: Evidence, title: str) -> Findings:
    """Accuracy, confusion and mistakes of assays with several classes."""
    found = evidence.found
    kind = found.kinds[0].kind
    counts = [
        Column("Measured", [f"{n:,}" for n in found.n_measured.tolist()]),
        Column("Classes", [f"{len(_names(evidence, t))}" for t in range(len(found.tasks))]),
    ]
    n = counted(len(found.tasks), "assay")
    accuracy, ends = mean_of(found, kind, "balanced_accuracy")
    lead = f"{n.capitalize()} of {title.lower()}: too few different ones to judge by."
    if math.isfinite(accuracy):
        base = _accuracy_by_chance(evidence)
        doubt = "classes cannot be told apart better than by chance: "
        lead = (
            f"In {n} of {title.lower()}, "
            f"{doubt if verdict(ends, base) in ('as chance', 'worse') else ''}"
            f"a molecule of an average class is put into it {times(accuracy)} times out of 100 "
            f"({beside_chance(ends, times(base), times)})."
        )
    return Findings(
        title,
        lead,
        [
            ("Measured classes", f"{found.n_measured.sum():,}", ""),
            *metric_key(evidence, METRICS),
        ],
        [
            Section(
                kind,
                title,
                heading(n)
                + metric_table(evidence, METRICS, counts)
                + _cards(evidence)
                + _mistakes(evidence),
            ),
        ],
    )


def _accuracy_by_chance(evidence: Evidence) -> float:
    """Balanced accuracy of a model that knows nothing: one over the measured classes, the mean."""
    tasks = np.flatnonzero(evidence.found.evaluable).tolist()
    return float(np.mean([1 / len(np.unique(evidence.judged(task).labels)) for task in tasks]))


def _names(evidence: Evidence, task: int) -> tuple[str, ...]:
    return evidence.panel.kinds[task].outcomes


def _cards(evidence: Evidence) -> Markup:
    order = np.argsort(-evidence.found.n_measured, kind="stable")[:MOST_CARDS].tolist()
    drawn = [
        _card(evidence, task)
        for task in order
        if evidence.found.n_measured[task] and len(_names(evidence, task)) <= MOST_CLASSES
    ]
    if not drawn:
        return Markup()
    return (
        heading("Taken for another")
        + paragraph("Measured classes down, predicted ones across: shares of each measured class.")
        + assay_cards(drawn, FIRST_CARDS)
    )


def _card(evidence: Evidence, task: int) -> Markup:
    name, names = evidence.found.tasks[task], _names(evidence, task)
    judged = evidence.judged(task)
    shares = confusion(judged.labels, judged.predictions)
    drawn = heat_map(
        shares,
        [shortened(each, 16) for each in names],
        f"Measured and predicted classes of {name}",
        columns=[shortened(each, 6) for each in names],
        written=shares,
    )
    accuracy = number(float(evidence.found.values["balanced_accuracy"][task]))
    return piece("cards", "map", name, f"balanced accuracy {accuracy}", drawn)


def confusion(
    labels: NDArray[np.floating], probabilities: NDArray[np.floating]
) -> NDArray[np.float64]:
    """``(K, K)``: of each measured class (first axis) the share that gets each class.

    Parameters
    ----------
    labels, probabilities
        ``(m,)`` and ``(m, K)`` of measured molecules.
    """
    n_classes = probabilities.shape[1]
    counts = np.zeros((n_classes, n_classes))
    np.add.at(counts, (labels.astype(int), probabilities.argmax(axis=1)), 1)
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _mistakes(evidence: Evidence) -> Markup:
    found = []
    for task in range(len(evidence.panel.tasks)):
        rows, labels, _, p = evidence.judged(task)
        sure = np.where(p.argmax(axis=1) != labels, p.max(axis=1), 0)
        both = np.stack([p.argmax(axis=1), labels.astype(int)], axis=1)
        found.append(Candidates.of(task, rows, sure, both))
    drawn = [
        mistake_card(
            evidence,
            int(of.rows[at]),
            of.task,
            f"{_names(evidence, of.task)[of.said[at, 0]]}, {percent(of.badness[at])}",
            f"measured {_names(evidence, of.task)[of.said[at, 1]]}",
        )
        for of, at in worst_cells(found)
    ]
    if not drawn:
        return Markup()
    return (
        heading("Worst mistakes")
        + paragraph("Classes of which the model was most sure, where another was measured.")
        + cards(drawn)
    )
