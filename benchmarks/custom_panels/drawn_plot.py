"""The picture of the drawn panels: ours minus each rival, by panel and size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.custom_panels.drawn import DEFAULT
from benchmarks.custom_panels.evidence import SHOWN, Group, present
from benchmarks.custom_panels.tuned import MEAN

WON, LOST, LEVEL = "#2a7f62", "#d1495b", "#8a8f98"
COLOURS = {"above": WON, "below": LOST, "level": LEVEL, "open": LEVEL}
AGAINST = ("forest", "LightGBM", "XGBoost", "linear", MEAN)
METRICS = ("auc", "ap", "rmse", "concordance")


def write_plot(groups: Sequence[Group], path: Path) -> None:
    """Write a PNG file: a row a panel, a column a rival, dots right of the line are wins."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names = present(groups)
    rivals = [name for name in AGAINST if name in names]
    rows = [
        (group, metric)
        for metric in METRICS
        for group in groups
        if metric in group.metrics and group.complete(names)
    ]
    figure, axes = plt.subplots(
        1,
        len(rivals),
        figsize=(3.4 + 2.1 * len(rivals), 1.5 + 0.24 * len(rows)),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, rival in zip(axes[0], rivals, strict=True):
        _draw(axis, rows, rival, names)
        axis.set_title(f"minus {rival}", fontsize=9)
    labels = [f"{', '.join(g.name)}: {SHOWN[metric]}" for g, metric in rows]
    axes[0, 0].set_yticks(range(len(rows)), labels, fontsize=7)
    axes[0, 0].invert_yaxis()
    figure.suptitle(
        f"{DEFAULT} with no option, minus a tuned rival: right of the line ours is better; "
        "bars: one standard error",
        fontsize=9,
    )
    plt.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _draw(axis: Any, rows: Sequence[tuple[Group, str]], rival: str, names: list[str]) -> None:
    axis.axvline(0, color="black", linewidth=0.8)
    for place, (group, metric) in enumerate(rows):
        gap = group.difference(metric, DEFAULT, rival, names)
        colour = COLOURS[gap.verdict]
        error = 0.0 if np.isnan(gap.error) else gap.error
        axis.errorbar(
            gap.mean, place, xerr=error, fmt="o", color=colour, markersize=4, linewidth=1.2
        )
    reach = max(abs(limit) for limit in axis.get_xlim())
    axis.set_xlim(-reach, reach)
    axis.tick_params(axis="x", labelsize=7)
    axis.locator_params(axis="x", nbins=5)
    axis.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
