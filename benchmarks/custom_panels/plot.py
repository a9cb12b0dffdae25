"""The picture: one chart a panel, each seed a dot, the mean a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.custom_panels.judge import LOWER_IS_BETTER
from benchmarks.custom_panels.outcomes import ORDER, OURS, PanelStandings

COLOURS = {"ours": "#d1495b", "rival": "#3b6ea5"}
AXES = {
    "ap": "mean average precision",
    "auc": "mean AUC",
    "rmse": "mean RMSE (p-scale)",
    "concordance": "mean concordance index",
}


def write_plot(found: list[PanelStandings], titles: dict[str, str], path: Path) -> None:
    """Write a PNG file: the main metric of every panel, the better the further right."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    models = [m for m in ORDER if any(s.model == m for p in found for s in p.standings)]
    figure, axes = plt.subplots(
        1,
        len(found),
        figsize=(2.2 + 2.6 * len(found), 1.3 + 0.4 * len(models)),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, panel in zip(axes[0], found, strict=True):
        draw(axis, panel, models)
        axis.set_title(titles[panel.name], fontsize=10)
    axes[0, 0].set_yticks(range(len(models)), models, fontsize=9)
    axes[0, 0].invert_yaxis()
    for label, model in zip(axes[0, 0].get_yticklabels(), models, strict=True):
        label.set_color(_colour(model))
    figure.suptitle("the further right, the better; dots: seeds; bold: best", fontsize=9)
    # Without the version of the library, the same figures give the same file.
    plt.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(figure)


def draw(axis: Any, panel: PanelStandings, models: list[str]) -> None:
    """One panel; where lower is better, the axis is turned."""
    metric = panel.metrics[0]
    for standing in panel.standings:
        place, colour = models.index(standing.model), _colour(standing.model)
        mean, seeds = standing.mean(metric), standing.by_seed(metric)
        axis.axhline(place, color="#e3e6ea", linewidth=1, zorder=0)
        axis.plot([mean, mean], [place - 0.3, place + 0.3], color=colour, linewidth=3)
        axis.scatter(seeds, [place] * len(seeds), s=16, color=colour, alpha=0.5, linewidths=0)
        axis.annotate(
            f"{mean:.3f}",
            (mean, place),
            xytext=(4, 7),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=colour,
            fontweight="bold" if round(mean, 3) == panel.best(metric) else "normal",
        )
    axis.margins(x=0.22)
    if metric in LOWER_IS_BETTER:
        axis.invert_xaxis()
    axis.locator_params(axis="x", nbins=5)
    axis.set_xlabel(AXES[metric], fontsize=8)
    axis.tick_params(axis="x", labelsize=7)
    axis.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)


def _colour(model: str) -> str:
    return COLOURS["ours" if model.startswith(OURS) else "rival"]
