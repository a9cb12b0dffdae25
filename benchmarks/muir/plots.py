"""Plots of the study: what sharing gains, who shares modules, and how the search settled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.muir.cases import MAIN
from benchmarks.muir.table import BASE, differences, interval

COLOURS = {"trunk": "#3b7dd8", "adapters": "#8a8f98", "mmoeex": "#d1495b", "muir": "#2e8b57"}


def write_plots(results: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write ``muir-gains.png`` and ``muir-modules.png``."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
    _gains(axes, results)
    figure.savefig(folder / "muir-gains.png", dpi=110)
    plt.close(figure)
    searched = [each for each in results if each["case"] == "muir"]
    largest = max(searched, key=lambda each: len(each["panels"]), default=None)
    if largest is None:
        return
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    _map(left, largest)
    _settling(right, searched)
    figure.savefig(folder / "muir-modules.png", dpi=110)
    plt.close(figure)


def _gains(axes: Any, results: Sequence[dict[str, Any]]) -> None:
    """Mean difference to panels apart, with its interval, of each panel of each mix."""
    pairs = dict.fromkeys((each["mix"], name) for each in results for name in each["panels"])
    ways = [case for case in MAIN if case != BASE]
    for row, (mix, panel) in enumerate(pairs):
        of_mix = [each for each in results if each["mix"] == mix]
        for number, case in enumerate(ways):
            found = differences(of_mix, panel, case)
            if len(found):
                middle, low, high = interval(found)
                place = row + 0.17 * (number - (len(ways) - 1) / 2)
                axes.plot([low, high], [place, place], color=COLOURS[case], linewidth=2)
                axes.plot(middle, place, "o", color=COLOURS[case], markersize=4, label=case)
    labels = [f"{mix}: {panel}" for mix, panel in pairs]
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.axvline(0, color="black", linewidth=0.6)
    axes.set(xlabel="difference to panels apart: average precision, or concordance of values")
    handles = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    axes.legend(handles.values(), handles.keys(), frameon=False)


def _map(axes: Any, result: dict[str, Any]) -> None:
    """How alike the modules are that panels use."""
    shared = result["shared"]["panels"]
    order = shared["order"]
    names = [shared["names"][n] for n in order]
    image = axes.imshow(np.array(shared["likeness"])[np.ix_(order, order)], vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_title(f"{result['mix']}: likeness of modules used")
    axes.figure.colorbar(image, ax=axes, shrink=0.8)


def _settling(axes: Any, results: Sequence[dict[str, Any]]) -> None:
    """Share of the searched locations that change their module, generation by generation."""
    for mix in dict.fromkeys(each["mix"] for each in results):
        courses = [each["shared"]["generations"] for each in results if each["mix"] == mix]
        changed = np.mean([[c / n for n, c, _ in course] for course in courses], axis=0)
        axes.plot(1 + np.arange(len(changed)), changed, label=mix)
    axes.set(xlabel="generation", ylabel="searched locations that change", ylim=(0, 1))
    axes.legend(frameon=False, fontsize=8)
    axes.set_title("does the search settle?")
