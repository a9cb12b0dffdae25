"""Pictures of the study: the models seed by seed, and the gain of each assay."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.mixture_study.cases import MODELS
from benchmarks.rivals.evaluation import NAMES
from benchmarks.rivals.ledger import Entry, Ledger

COLOURS = {"shared_bottom": "#8a8f98", "mmoe": "#3b7dd8", "mmoeex": "#d1495b"}


def write_plots(results: Path) -> None:
    """Write ``mixture_study.png``: a row for each protocol that has test runs."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    studies = {name: Ledger(results / f"mixture_study-{name}.jsonl").entries for name in NAMES}
    tests = {
        name: [entry for entry in entries.values() if entry.stage == "test"]
        for name, entries in studies.items()
    }
    tests = {name: entries for name, entries in tests.items() if entries}
    if not tests:
        return
    figure, axes = plt.subplots(
        len(tests), 2, figsize=(9, 2.9 * len(tests)), squeeze=False, layout="constrained"
    )
    for (name, entries), (left, right) in zip(tests.items(), axes, strict=True):
        _seeds(left, name, entries)
        _gains(right, entries)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    figure.savefig(results / "mixture_study.png", dpi=110)
    plt.close(figure)


def _seeds(axis, name: str, entries: list[Entry]) -> None:  # type: ignore[no-untyped-def]
    """Test AP and AUC of every seed."""
    for model in MODELS:
        mine = [e for e in entries if e.rival == model]
        auc, ap = ([float(np.mean(getattr(e, key))) for e in mine] for key in ("auc", "ap"))
        axis.scatter(auc, ap, color=COLOURS[model], label=model, s=42)
    axis.set(xlabel="macro ROC-AUC, test", ylabel="macro AP, test", title=f"{name}: every seed")
    axis.locator_params(nbins=5)


def _gains(axis, entries: list[Entry]) -> None:  # type: ignore[no-untyped-def]
    """Gain of MMoEEx over the shared bottom per assay, sorted."""
    means = {}
    for model in ("shared_bottom", "mmoeex"):
        mine = [e for e in entries if e.rival == model]
        if not mine:
            return
        means[model] = np.mean([e.ap for e in mine], axis=0)
    gain = np.sort(means["mmoeex"] - means["shared_bottom"])[::-1]
    colours = np.where(gain > 0, COLOURS["mmoeex"], COLOURS["shared_bottom"])
    axis.bar(np.arange(len(gain)), gain, width=1.0, color=colours)
    axis.axhline(0, color="black", linewidth=0.6)
    better = int((gain > 0).sum())
    axis.set(
        xlabel="assays, sorted",
        ylabel="AP gain",
        title=f"AP gain over shared_bottom: {better} of {len(gain)} assays",
    )
