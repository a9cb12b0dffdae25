"""Pictures: critical differences, gains against actives, and training curves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.mtl_study.comparison import Family, families
from benchmarks.mtl_study.outcomes import Outcome, StudyOutcomes
from benchmarks.mtl_study.significance import cliques
from benchmarks.mtl_study.verdict import BASELINE, CONTRASTS, contrasts

COLOURS = {
    "Two-step on gates and towers": "#3b7dd8",
    "Two-step on gates and towers, thrice the epochs": "#2a9d8f",
    "The plain sum, thrice the epochs": "#3d3d3d",
    "Two-step on all weights": "#7a4fb5",
    "Exclusivity": "#d1495b",
    "Exclusivity with two-step": "#e8a13a",
}
GREY = "#8a8f98"
FEWEST_FOR_MEDIANS = 24
"""With fewer assays, a running median tells of single ones."""
N_OTHERS = 3
"""Curves of the best other methods."""


def write_plots(study: StudyOutcomes, results: Path) -> list[tuple[str, str]]:
    """Write the PNG files of a study; returns their captions and names."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    written = []
    ranked = [family for family in families(study) if len(family.names) > 2]
    if ranked:
        heights = [1.1 + 0.2 * -(-len(family.names) // 2) for family in ranked]
        figure, axes = plt.subplots(
            len(ranked),
            1,
            figsize=(9, sum(heights)),
            squeeze=False,
            layout="constrained",
            height_ratios=heights,
        )
        for axis, family in zip(axes[:, 0], ranked, strict=True):
            draw_ranks(axis, family)
        written.append(("mean ranks and critical difference", _save(study, results, "ranks")))
    if contrasts(study):
        figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
        draw_gains(left, study)
        draw_curves(right, study)
        figure.suptitle(f"{study.dataset}, preset {study.preset}")
        text = "gain over the plain sum against actives, and training curves"
        written.append((text, _save(study, results, "gains")))
    return written


def _save(study: StudyOutcomes, results: Path, what: str) -> str:
    from matplotlib import pyplot as plt

    name = f"mtl_study-{study.name}-{what}.png"
    # Without the version of the library, the same figures give the same file.
    plt.savefig(results / name, dpi=110, metadata={"Software": None})
    plt.close()
    return name


def draw_ranks(axis: Any, family: Family) -> None:
    """Mean ranks on one line; bars join methods whose ranks do not differ."""
    ranks, difference = family.ranks, family.critical_difference
    order = np.argsort(ranks, kind="stable")
    n = len(order)
    low, high = np.floor(ranks.min()), np.ceil(ranks.max())
    high = max(high, low + 1, np.ceil(low + difference))
    bars = cliques(ranks, difference)
    rows = -(-n // 2)
    top = 0.6 + 0.25 * len(bars)
    axis.hlines(0, low, high, color="black", linewidth=1)
    step = max(1, round((high - low) / 12))
    for tick in np.arange(low, high + 1, step):
        axis.vlines(tick, -0.12, 0.12, color="black", linewidth=1)
        axis.text(tick, -0.25, f"{tick:g}", ha="center", va="bottom", fontsize=8)
    margin = 0.03 * (high - low)
    for place, method in enumerate(order):
        left = place < rows
        depth = top + 0.5 * (place if left else n - 1 - place)
        rim = low - margin if left else high + margin
        plain = family.outcomes[method].cell == family.outcomes[0].cell
        colour = "#d1495b" if plain else "#222222"
        axis.plot([ranks[method], ranks[method], rim], [0, depth, depth], color=colour, lw=0.7)
        side = "right" if left else "left"
        text = f"{family.names[method]} ({ranks[method]:.1f})"
        shift = -margin / 3 if left else margin / 3
        axis.text(rim + shift, depth, text, ha=side, va="center", fontsize=8, color=colour)
    for number, (first, last) in enumerate(bars):
        height = 0.3 + 0.25 * number
        wide = 0.004 * (high - low)
        axis.hlines(height, first - wide, last + wide, color=GREY, linewidth=3)
    axis.hlines(-0.95, low, low + difference, color="black", linewidth=1.5)
    axis.text(low + difference + margin / 3, -0.95, f"CD {difference:.2f}", va="center", fontsize=8)
    room = 0.42 * (high - low)
    axis.set(xlim=(low - room, high + room), ylim=(top + 0.5 * rows, -1.3))
    axis.set_title(f"{family.title}: mean rank by AP, 1 is best", fontsize=9)
    axis.axis("off")


def draw_gains(axis: Any, study: StudyOutcomes) -> None:
    """Gain of each assay over the plain sum by number of actives."""
    actives = np.maximum(study.actives(), 0.7)  # a logarithm of none
    order = np.argsort(actives, kind="stable")
    limit = 0.0
    many = len(actives) >= FEWEST_FOR_MEDIANS
    for name, (_, found) in contrasts(study).items():
        colour, label = COLOURS[name], f"{name} ({found.mean:+.4f})"
        size, alpha = (11, 0.45) if many else (26, 0.8)
        points = axis.scatter(actives, found.per_assay, s=size, alpha=alpha, linewidths=0)
        points.set(color=colour, label=None if many else label)
        if many:
            x, y = _running_median(actives[order], found.per_assay[order])
            axis.plot(x, y, color=colour, linewidth=1.8, label=label)
        limit = max(limit, float(np.quantile(np.abs(found.per_assay), 0.98)))
    axis.axhline(0, color="black", linewidth=0.7)
    # A few assays of one or two test actives would flatten all others.
    axis.set(ylim=(-1.3 * limit - 1e-3, 1.3 * limit + 1e-3), xscale="log")
    axis.set(xlabel="active molecules fitted on", ylabel="AP gain over the plain sum, test")
    axis.xaxis.get_major_locator().set_params(subs=(1, 2, 5))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter("")
    median = ", and running median" if many else ""
    axis.set_title(f"each assay{median} (mean gain)", fontsize=9)
    axis.legend(fontsize=7, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)


def _running_median(x: Any, y: Any) -> tuple[Any, Any]:
    window = max(3, len(x) // 6)
    starts = range(max(1, len(x) - window + 1))
    middles = [float(np.exp(np.log(x[s : s + window]).mean())) for s in starts]
    return middles, [float(np.median(y[s : s + window])) for s in starts]


def draw_curves(axis: Any, study: StudyOutcomes) -> None:
    """Validation average precision by epoch, mean over seeds with their range."""
    named = {"Plain sum": (BASELINE, "black")}
    named |= {name: (cell, COLOURS[name]) for name, cell in CONTRASTS.items()}
    named = {name: pair for name, pair in named.items() if pair[0] in study.finalists}
    for name, (cell, colour) in named.items():
        _curve(axis, study.finalists[cell], name, color=colour)
    shown = {cell for cell, _ in named.values()}
    others = [outcome for cell, outcome in study.finalists.items() if cell not in shown]
    others.sort(key=lambda outcome: -float(outcome.curve.mean(axis=0).max()))
    for outcome, style in zip(others[:N_OTHERS], ("--", ":", "-."), strict=False):
        _curve(axis, outcome, outcome.cell.name, color=GREY, linestyle=style)
    axis.set(xlabel="epoch", ylabel="macro AP, validation rows")
    axis.set_title("training curves of the finalists (dashed: the best others)", fontsize=9)
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.legend(fontsize=7, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3)


def _curve(axis: Any, outcome: Outcome, label: str, **style: Any) -> None:
    curve = outcome.curve
    epochs = np.arange(1, curve.shape[1] + 1)
    axis.plot(epochs, curve.mean(axis=0), label=label, linewidth=1.5, **style)
    if "linestyle" not in style:
        low, high = curve.min(axis=0), curve.max(axis=0)
        axis.fill_between(epochs, low, high, color=style["color"], alpha=0.12, linewidth=0)
