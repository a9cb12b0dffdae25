"""The page about how many numbers explain a panel."""

from __future__ import annotations

from markupsafe import Markup

from bioassay_mtl.errors import counted
from bioassay_mtl.report.page import Section, figure, join, key_figures, page, paragraph
from bioassay_mtl.report.plot import Axis, Plot
from bioassay_mtl.report.table import Column, table
from bioassay_mtl.training.dimension.result import Dimension, Dimensions

_NAMES = {"roc_auc": "ROC-AUC", "average_precision": "average precision"}


def dimension_report(found: Dimensions) -> str:
    """HTML that stands alone: key figures, a curve for each group, a table of all.

    Parameters
    ----------
    found
        Result of :func:`bioassay_mtl.training.dimension.intrinsic_dimension`.
    """
    first = found.groups[0]
    share = f"{found.share:.0%} of what networks with free weights score above chance"
    lead = join(
        [
            paragraph(
                f"Numbers an assay with which networks reach {share} "
                f"({_NAMES[found.metric]}, molecules left out)."
            ),
            key_figures(
                [
                    ("Together", _said(first.aid), "l k / n + k, the least of all l"),
                    ("Alone", _said(first.id), "mean score of single assays"),
                    ("Alone, each", _said(first.mean_id), "mean of the assays' own dimensions"),
                ]
            ),
        ]
    )
    sections = [
        Section(f"group-{number}", group.name, _curve(group))
        for number, group in enumerate(found.groups)
    ]
    if len(found.groups) > 1:
        sections.append(Section("groups", "Groups", _table(found)))
    return page("Intrinsic dimension", counted(len(first.tasks), "assay"), lead, sections)


def _curve(group: Dimension) -> Markup:
    numbers = [n for curve in group.curves for n in curve.numbers]
    scores = [s for curve in group.curves for s in curve.scores]
    x = Axis.powers(min(numbers), max(numbers), "numbers an assay")
    plot = Plot(x, Axis.around([0.0, *scores, group.free], "score above chance"))
    plot.line([min(numbers), max(numbers)], [group.target, group.target], "guide")
    for number, curve in enumerate(group.curves):
        plot.line(curve.numbers, curve.scores, "faint" if number == 0 else "line")
        plot.dots(curve.numbers, curve.scores, [f"{curve.name}: {n:.3g}" for n in curve.numbers])
        if curve.reached is not None:
            plot.mark(curve.reached, group.target)
    said = (
        f"{group.words}. Faint: each assay alone; lines: assays that share directions; dashed: the "
        f"target, {group.target:.3f}; free networks score {group.free:.3f}."
    )
    return figure(plot.svg(said), said)


def _table(found: Dimensions) -> Markup:
    groups = found.groups
    columns = [
        Column("Assays", [str(len(group.tasks)) for group in groups]),
        Column("Together", [_said(group.aid) for group in groups]),
        Column("Alone", [_said(group.id) for group in groups]),
        Column("Alone, each", [_said(group.mean_id) for group in groups]),
    ]
    return table("Numbers an assay", [group.name for group in groups], columns, name="Group")


def _said(value: float | None) -> str:
    return "not reached" if value is None else f"{value:.3g}"
