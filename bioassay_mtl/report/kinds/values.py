"""Assays with measured values, exact and censored ones: how far predictions are off."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bioassay_mtl.errors import counted
from bioassay_mtl.metrics import Evaluation
from bioassay_mtl.report.cards import assay_cards, cards, plots_card
from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.kinds.base import Findings, kind_reports
from bioassay_mtl.report.kinds.chance import beside_chance, mean_of, times, verdict
from bioassay_mtl.report.kinds.metrics_table import Shown, metric_key, metric_table
from bioassay_mtl.report.kinds.mistakes import Candidates, mistake_card, worst_cells
from bioassay_mtl.report.page import Section, heading, paragraph
from bioassay_mtl.report.plot import Axis, Plot
from bioassay_mtl.report.table import Column
from bioassay_mtl.report.wording import UNKNOWN, brief, number

MOST_CARDS, FIRST_CARDS = 128, 12
MOST_DOTS = 400

METRICS = {
    "rmse": Shown(
        "RMSE", "Root mean squared error, in the assay's unit: 0 at best", 3, True, in_units=True
    ),
    "mae": Shown("MAE", "Mean absolute error, in the assay's unit: 0 at best", in_units=True),
    "r2": Shown(
        "R²", "Share of the variance that is explained: 1 at best", 3, True, True, "Mean R²"
    ),
    "spearman": Shown(
        "Spearman",
        "Correlation of ranks: 0 by chance, 1 at best",
        has_bar=True,
        in_summary="Mean rank correlation",
    ),
    "concordance": Shown(
        "Concordance",
        "Chance that the higher of two values is predicted higher, bounds included: 0.5 by chance",
        3,
        True,
        True,
        "Mean concordance",
    ),
}


@kind_reports.register("censored")
@kind_reports.register("regression")
def report_values(evidence: Evidence) -> Findings:
    """Errors, scatter and mistakes of assays with values."""
    found = evidence.found
    kind = found.kinds[0].kind
    judged = [evidence.judged(task) for task in range(len(found.tasks))]
    n_bounds = np.array([np.count_nonzero(each.bounds) for each in judged])
    counts = [Column("Measured", [f"{n:,}" for n in found.n_measured.tolist()])]
    remark, title = "", "Values"
    if found.kinds[0].has_bounds:
        counts.append(Column("Bounds", [f"{n:,}" for n in n_bounds.tolist()]))
        remark, title = f"{n_bounds.sum():,} of them bounds, > or <", "Values with bounds"
    units = [_unit(evidence, task) for task in range(len(found.tasks))]
    if any(units):
        counts.append(Column("Unit", units, is_text=True))
    directions = [assay.direction_words for assay in evidence.sheet]
    if any(directions):
        counts.append(Column("Good", [each or UNKNOWN for each in directions], is_text=True))
    return Findings(
        title,
        _lead(evidence, kind),
        [
            ("Measured values", f"{found.n_measured.sum():,}", remark),
            *metric_key(evidence, METRICS),
        ],
        [
            Section(
                kind,
                title,
                heading(counted(len(found.tasks), "assay"))
                + metric_table(evidence, METRICS, counts)
                + _cards(evidence)
                + _mistakes(evidence),
            ),
        ],
    )


def _unit(evidence: Evidence, task: int) -> str:
    return str(getattr(evidence.panel.kinds[task], "unit", ""))


def _lead(evidence: Evidence, kind: str) -> str:
    found = evidence.found
    n = counted(len(found.tasks), "assay")
    if "concordance" in found.kind_macro[kind]:
        order, ends = mean_of(found, kind, "concordance")
        if math.isfinite(order):
            return f"In {n} of values, {_order(order, ends)}{_values(found, kind)}."
    elif math.isfinite(found.kind_macro[kind]["r2"]):
        rank, ends = mean_of(found, kind, "spearman")
        two = partial(number, digits=2)
        ranks = (
            f"; their ranks correlate with the measured ones by {two(rank)} "
            f"({beside_chance(ends, '0', two)})"
            if math.isfinite(rank)
            else ""
        )
        return f"In {n} of values, {_explained(found, kind)}{ranks}."
    return f"{n.capitalize()} of values: too few different ones to judge predictions by."


def _order(order: float, ends: tuple[float, float]) -> str:
    ranked = (
        f"the higher of two molecules is predicted higher {times(order)} times out of 100 "
        f"({beside_chance(ends, '50', times)})"
    )
    said = verdict(ends, 0.5)
    if said == "as chance":
        return f"the order of molecules cannot be told from chance: {ranked}"
    return f"the order of molecules is worse than chance: {ranked}" if said == "worse" else ranked


def _values(found: Evaluation, kind: str) -> str:
    """Words on the values, where only their order was talked of."""
    explained = found.kind_macro[kind].get("r2", math.nan)
    return f"; {_explained(found, kind)}" if math.isfinite(explained) else ""


def _explained(found: Evaluation, kind: str) -> str:
    """The share of the variance, or that the mean would do as well."""
    share, ends = mean_of(found, kind, "r2")
    low, high = ends
    within = f", 95 %: {number(low, 2)} to {number(high, 2)}" if low <= high else ""
    if share <= 0 or verdict(ends, 0) in ("as chance", "worse"):
        return (
            "predicted values cannot be told from the assay's mean for every molecule "
            f"(R² {number(share, 2)}{within})"
        )
    return f"predictions explain {times(share)} % of the variance (R² {number(share, 2)}{within})"


def _cards(evidence: Evidence) -> Markup:
    order = np.argsort(-evidence.found.n_measured, kind="stable")[:MOST_CARDS]
    drawn = [_card(evidence, task) for task in order.tolist() if evidence.found.n_measured[task]]
    if not drawn:
        return Markup()
    return paragraph(
        "Left, predicted against measured values: on the dashed line both are equal; a short "
        "line leads from a bound to where the true value may be. Right, how far predictions "
        "of exact values are off."
    ) + assay_cards(drawn, FIRST_CARDS)


def _card(evidence: Evidence, task: int) -> Markup:
    found = evidence.found
    name = found.tasks[task]
    _, measured, sides, columns = evidence.judged(task)
    measured, predicted = measured.astype(np.float64), columns[:, 0].astype(np.float64)
    shown = np.linspace(0, len(measured) - 1, min(MOST_DOTS, len(measured))).astype(int)
    both = np.concatenate([measured, predicted])
    x, y = Axis.around(both, "measured", n_ticks=3), Axis.around(both, "predicted", n_ticks=3)
    scatter = Plot(x, y, 170, 150, "dense").line([x.low, x.high], [y.low, y.high], "guide")
    reach = 0.08 * (x.high - x.low)
    for at in shown[sides[shown] != 0].tolist():
        ends = [measured[at], measured[at] + sides[at] * reach]
        scatter.line(ends, [predicted[at]] * 2, "faint")
    scatter.dots(measured[shown], predicted[shown])
    plots = [scatter.svg(f"Predicted against measured values of {name}")]
    errors = (predicted - measured)[sides == 0]
    if len(errors) > 1:
        plots.append(_residuals(errors, name))
    error = f"{brief(float(found.values['rmse'][task]))} {_unit(evidence, task)}".rstrip()
    return plots_card(name, f"RMSE {error}, {counted(len(measured), 'molecule')}", plots)


def _residuals(errors: NDArray[np.float64], name: str) -> Markup:
    spread = float(np.abs(errors).max()) or 1.0
    counts, edges = np.histogram(errors, bins=15, range=(-spread, spread))
    ends = f"−{brief(spread)}", "0", brief(spread)
    x = Axis(-spread, spread, "error", (-spread, 0, spread), ends)
    top = int(counts.max())
    y = Axis(0, top, "molecules", (0, top), ("0", f"{top:,}"))
    plot = Plot(x, y, 170, 150).bars(edges, counts)
    return plot.svg(f"Distribution of the errors of {name}")


def _mistakes(evidence: Evidence) -> Markup:
    found = []
    for task in range(len(evidence.panel.tasks)):
        rows, labels, bounds, predictions = evidence.judged(task)
        said = np.stack([predictions[:, 0], labels, bounds], axis=1)
        found.append(Candidates.of(task, rows, badness(labels, said[:, 0], bounds), said))
    drawn = [
        mistake_card(
            evidence,
            int(of.rows[at]),
            of.task,
            brief(float(of.said[at, 0])),
            f"measured {_sign(of.said[at, 2])}{brief(float(of.said[at, 1]))}",
        )
        for of, at in worst_cells(found)
    ]
    if not drawn:
        return Markup()
    return (
        heading("Worst mistakes")
        + paragraph(
            "Predictions furthest from what was measured, for the spread of the assay's values."
        )
        + cards(drawn)
    )


def badness(
    labels: NDArray[np.floating], predictions: NDArray[np.floating], bounds: NDArray[np.int8]
) -> NDArray[np.float64]:
    """``(m,)`` errors in standard deviations of the assay's values; 0 beyond a bound."""
    held = labels.astype(np.float64)
    error = predictions - held
    error[bounds * error > 0] = 0  # a prediction beyond a bound is no mistake
    spread = held.std() if len(held) else 0.0
    found: NDArray[np.float64] = np.abs(error) / spread if spread > 0 else np.zeros(len(held))
    return found


def _sign(side: float) -> str:
    return {1: "≥ ", -1: "≤ "}.get(int(side), "")
