"""The metrics of all tasks of a kind, as large numbers and as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from bioassay_mtl.errors import counted
from bioassay_mtl.metrics.chance import by_chance
from bioassay_mtl.report.about import about_columns
from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.kinds.chance import enough_measured, mean_of
from bioassay_mtl.report.page import paragraph
from bioassay_mtl.report.table import Column, table
from bioassay_mtl.report.wording import interval, number, significant


class Shown(NamedTuple):
    """Metric as it is shown.

    Attributes
    ----------
    title, about
        Title of the column, short, and what it says, in words.
    digits
        After the point.
    has_interval, has_bar
        Whether the column shows these.
    in_summary
        Name of its mean among the large numbers; empty where it is not among them.
    least
        Measured molecules that an assay must have for it.
    in_units
        Whether it is in the assay's unit, and so of any size.
    """

    title: str
    about: str
    digits: int = 3
    has_interval: bool = False
    has_bar: bool = False
    in_summary: str = ""
    least: int = 0
    in_units: bool = False

    def written(self, value: float) -> str:
        """A value of it."""
        return significant(value) if self.in_units else number(value, self.digits)

    def ends(self, low: float, high: float) -> str:
        """An interval of it; nothing where that is not known."""
        if not self.in_units or not (math.isfinite(low) and math.isfinite(high)):
            return interval(low, high)
        return f"{significant(low)} to {significant(high)}"


def metric_key(evidence: Evidence, metrics: Mapping[str, Shown]) -> list[tuple[str, str, str]]:
    """The means over the assays as large numbers."""
    found = evidence.found
    ((kind, macro),) = found.kind_macro.items()
    chance = by_chance(found, kind)
    key = []
    for name, shown in metrics.items():
        if shown.in_summary and name in macro:
            value, ends = mean_of(found, kind, name, shown.least)
            within = interval(*ends, shown.digits)
            remarks = [f"95 %: {within}"] if within else []
            if name in chance:
                remarks.append(f"{number(chance[name], shown.digits)} by chance")
            if shown.least and (n := int(enough_measured(found, shown.least).sum())) < int(
                found.evaluable.sum()
            ):
                remarks.append(f"of {counted(n, 'assay')} with {shown.least:,} molecules or more")
            key.append((shown.in_summary, number(value, shown.digits), "; ".join(remarks)))
    if (n_used := int(found.evaluable.sum())) < len(found.tasks):
        counts = f"{n_used:,} of {len(found.tasks):,}"
        key.append(("Assays in the means", counts, "the others hold too few different outcomes"))
    return key


def metric_table(
    evidence: Evidence, metrics: Mapping[str, Shown], counts: Sequence[Column]
) -> Markup:
    """A row for each assay: what is known of it, counts, metrics."""
    found = evidence.found
    columns = list(counts)
    for name, shown in metrics.items():
        if name not in found.kind_macro[found.kinds[0].kind]:
            continue
        values = np.where(found.n_measured >= shown.least, found.values[name], np.nan)
        ends = found.intervals[name] if shown.has_interval and found.intervals else None
        columns.append(
            Column(
                shown.title,
                [shown.written(value) for value in values.tolist()],
                remarks=None if ends is None else [shown.ends(*pair) for pair in ends.tolist()],
                bars=values if shown.has_bar else None,
                about=shown.about,
            )
        )
    columns = [*about_columns(evidence.sheet), *columns]
    text = "A dash means that there is nothing to compare."
    if found.intervals is not None:
        text = f"Small figures are 95 % bootstrap intervals over molecules. {text}"
    caption = f"Metrics of each {found.kinds[0].kind} assay"
    return paragraph(text, "note") + table(caption, found.tasks, columns, name="Assay")
