"""Pictures of what was published: calibration, errors, and promises beside what came."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness.ledger import RESULTS, read_records

Cases = dict[str, dict[str, float]]
BY = {
    "spread": "spread of experts",
    "ensemble_spread": "spread of 3 members",
    "distance": "distance",
}
STYLES = {"random": "-", "scaffold": "--"}
BLUE, RED, GREY, GREEN = "#3b7dd8", "#d1495b", "#8a8f98", "#2a9d8f"


def write_plots(files: Sequence[Path]) -> None:
    """Write ``trust-calibration.png``, ``trust-errors.png`` and ``trust-promises.png``."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    cases: Cases = {}
    for found in (line for file in files for line in read_records(file) if "metric" in line):
        cases.setdefault(found["case"], {})[found["metric"]] = found["value"]
    for name, draw, size in (
        ("calibration", _calibration, (9, 4)),
        ("errors", _errors, (12, 3.6)),
        ("promises", _promises, (9, 4)),
    ):
        figure, axes = plt.subplots(1, 3 if name == "errors" else 2, figsize=size)
        draw(axes, cases)
        figure.tight_layout()
        figure.savefig(RESULTS / f"trust-{name}.png", dpi=100, bbox_inches="tight")
        plt.close(figure)


def _calibration(axes: Any, cases: Cases) -> None:
    """Share of actives against mean probability, in ten parts of the cells."""
    for axis, kind in zip(axes, STYLES, strict=True):
        of = cases.get(f"tox21 {kind}", {})
        axis.set_visible(bool(of))
        for when, colour in (("before", GREY), ("after", BLUE)):
            points = [[of.get(f"{w}_{when}_{k}") for k in range(1, 11)] for w in ("said", "came")]
            error = of.get(f"calibration_error_{when}", float("nan"))
            axis.plot(*points, "o-", color=colour, label=f"{when}, error {error:.3f}")
        axis.axline((0, 0), slope=1, color="black", linewidth=0.6)
        axis.set(xlabel="probability", ylabel="share of actives", title=f"Tox21, {kind} split")
        axis.legend(frameon=False)


def _errors(axes: Any, cases: Cases) -> None:
    """Mean error of five parts of the cells, of about the same prediction, by what tells of it."""
    for axis, (by, title) in zip(axes, BY.items(), strict=True):
        for panel, colour in (("tox21", BLUE), ("chembl_censored", RED)):
            for kind, style in STYLES.items():
                of = cases.get(f"{panel} {kind}", {})
                found = [of.get(f"error_by_{by}_{k}") for k in range(1, 6)]
                if None in found or not sum(found):  # type: ignore[arg-type]
                    continue
                mean = sum(found) / 5  # type: ignore[arg-type]
                label = f"{panel.split('_')[0]}, {kind}"
                axis.plot(range(1, 6), [x / mean for x in found], style, color=colour, label=label)  # type: ignore[operator]
        axis.set_visible(bool(axis.lines))
        axis.axhline(1, color="black", linewidth=0.6)
        axis.set(xlabel=f"fifths by {title}", ylabel="error / mean error", title=title)
        axis.legend(frameon=False)


def _promises(axes: Any, cases: Cases) -> None:
    """Coverage against the level that was asked for, false share against the rate."""
    left, right = axes
    levels, rates = (50, 80, 90, 95), (10, 30, 50)
    for kind, style in STYLES.items():
        of = cases.get(f"chembl_censored {kind}", {})
        for suffix, colour, name in (("", BLUE, "ours"), ("_mapie", GREEN, "MAPIE, forest")):
            found = [of.get(f"coverage_at_{level}%{suffix}") for level in levels]
            if None not in found:
                share = [100 * x for x in found]  # type: ignore[operator]
                left.plot(levels, share, f"o{style}", color=colour, label=f"{name}, {kind}")
        found = [cases.get(f"tox21 {kind}", {}).get(f"false_share_at_{rate}%") for rate in rates]
        if None not in found:
            share = [100 * x for x in found]  # type: ignore[operator]
            right.plot(rates, share, f"o{style}", color=BLUE, label=f"Tox21, {kind}")
    left.set(xlabel="level, %", ylabel="of new values inside, %", title="intervals of values")
    right.set(xlabel="rate, %", ylabel="false among the selected, %", title="selections")
    for axis in axes:
        axis.set_visible(bool(axis.lines))
        if axis.get_visible():
            axis.axline((50, 50), slope=1, color="black", linewidth=0.6)
            axis.legend(frameon=False)
