"""Plots of the study: what sharing gains, who shares modules, and how the search settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.plots import LEVEL, LOST, WON, Dot, dots, pictured
from benchmarks.muir.cases import MAIN
from benchmarks.muir.table import BASE, Results, by_panel, differences, interval


def write_plots(results: Results, folder: Path) -> None:
    """Write ``muir-gains.png`` and ``muir-modules.png``."""
    gains = {case: _gains(results, case) for case in MAIN if case != BASE}
    title = "difference to panels apart (AP; Spearman of values), with 95 % interval"
    dots(folder / "muir-gains.png", gains, title, line=0.0)
    searched = [each for each in results if each["case"] == "muir"]
    if searched:
        _modules(folder / "muir-modules.png", searched)


def _gains(results: Results, case: str) -> list[Dot]:
    found = []
    for mix, panel, runs in by_panel(results):
        if len(each := differences(runs, panel, case)):
            middle, low, high = interval(each)
            colour = WON if low > 0 else LOST if high < 0 else LEVEL
            error = high - middle if np.isfinite(high) else 0.0
            found.append(Dot(f"{mix}: {panel}", middle, error, colour))
    return found


def _modules(path: Path, searched: Results) -> None:
    """How alike the modules are that panels use; which share of searched locations changes."""
    largest = max(searched, key=lambda each: len(each["panels"]))
    shared = largest["shared"]["panels"]
    order = shared["order"]
    names = [shared["names"][place] for place in order]
    likeness = np.array(shared["likeness"])[np.ix_(order, order)]
    with pictured(path, 2, (9, 3.6)) as (left, right):
        image = left.imshow(likeness, vmin=0, vmax=1, cmap="Blues")
        for (row, column), value in np.ndenumerate(likeness):
            colour = "white" if value > 0.6 else "black"
            left.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour)
        left.set_xticks(range(len(names)), names, rotation=40, ha="right")
        left.set_yticks(range(len(names)), names)
        left.set_title(f"likeness of the modules used: {largest['mix']}", fontsize=9)
        left.figure.colorbar(image, ax=left, shrink=0.8)
        for mix in dict.fromkeys(each["mix"] for each in searched):
            changed = np.mean([_changed(each) for each in searched if each["mix"] == mix], axis=0)
            right.plot(1 + np.arange(len(changed)), changed, label=mix)
        right.set(xlabel="generation", ylabel="searched locations that change", ylim=0)
        right.set_title("how the alignment settles", fontsize=9)
        right.legend(frameon=False, fontsize=8)


def _changed(result: dict[str, Any]) -> list[float]:
    return [changed / n for n, changed, _ in result["shared"]["generations"]]
