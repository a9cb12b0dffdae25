"""Pictures of what was published: promises beside what came, and errors by what tells of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.ledger import RESULTS, read_records
from benchmarks.harness.plots import pictured
from benchmarks.trust.measures import Floats

Cases = dict[str, dict[str, float]]
"""By panel and split the values of metrics."""
BY = {
    "spread": "spread of experts",
    "ensemble_spread": "spread of 3 members",
    "distance": "distance",
}
STYLES = {"random": "-", "scaffold": "--"}
BLUE, RED, GREEN = "#3b7dd8", "#d1495b", "#2a9d8f"


def write_plots(files: Sequence[Path]) -> None:
    """Write ``trust-promises.png`` and ``trust-errors.png``."""
    cases: Cases = defaultdict(dict)
    for found in (line for file in files for line in read_records(file) if "metric" in line):
        cases[found["case"]][found["metric"]] = found["value"]
    with pictured(RESULTS / "trust-promises.png", 3, (12, 4), dpi=100) as axes:
        _promises(axes, cases)
    with pictured(RESULTS / "trust-errors.png", 3, (12, 3.6), dpi=100) as axes:
        _errors(axes, cases)


def _values(cases: Cases, case: str, metric: str, places: Sequence[int]) -> Floats:
    """Those of a numbered metric; NaN where it was not measured, which is not drawn."""
    return np.array([cases[case].get(metric.format(place), np.nan) for place in places])


def _promises(axes: Any, cases: Cases) -> None:
    """Share of actives against probability, coverage against level, false share against rate."""
    left, middle, right = axes
    levels, rates, tenths = (50, 80, 90, 95), (10, 30, 50), range(1, 11)
    for kind, style in STYLES.items():
        tox21, line, label = f"tox21 {kind}", f"o{style}", f"Tox21, {kind}"
        came, said = (_values(cases, tox21, f"{w}_after_{{}}", tenths) for w in ("came", "said"))
        left.plot(100 * said, 100 * came, line, color=BLUE, label=label)
        for suffix, color, name in (("", BLUE, "ours"), ("_mapie", GREEN, "MAPIE, forest")):
            found = _values(cases, f"chembl_censored {kind}", f"coverage_at_{{}}%{suffix}", levels)
            middle.plot(levels, 100 * found, line, color=color, label=f"{name}, {kind}")
        found = _values(cases, tox21, "false_share_at_{}%", rates)
        right.plot(rates, 100 * found, line, color=BLUE, label=label)
    left.set(xlabel="probability, %", ylabel="actives, %", title="probabilities, by tenths")
    middle.set(xlabel="level, %", ylabel="of new values inside, %", title="intervals of values")
    right.set(xlabel="rate, %", ylabel="false among the selected, %", title="selections")
    for axis in axes:
        axis.axline((50, 50), slope=1, color="black", linewidth=0.6)
        axis.legend(frameon=False)


def _errors(axes: Any, cases: Cases) -> None:
    """Mean error of five parts of the cells, of about the same prediction, by what tells of it."""
    for axis, (by, title) in zip(axes, BY.items(), strict=True):
        for panel, color in (("tox21", BLUE), ("chembl_censored", RED)):
            for kind, style in STYLES.items():
                found = _values(cases, f"{panel} {kind}", f"error_by_{by}_{{}}", range(1, 6))
                if not np.isnan(found).any():
                    label = f"{panel.split('_')[0]}, {kind}"
                    axis.plot(range(1, 6), found / found.mean(), style, color=color, label=label)
        axis.axhline(1, color="black", linewidth=0.6)
        axis.set(xlabel=f"fifths by {title}", ylabel="error / mean error", title=title)
        axis.legend(frameon=False)
