"""What the study says so far: means by panel, and paired differences to panels apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.harness.plots import LEVEL, LOST, WON, Dot, dots
from benchmarks.harness.statistics import Scores, gain, holm, paired
from benchmarks.harness.tables import markdown, spread
from benchmarks.muir.study import MAIN

BASE = "none"
FEWEST = 6
"""Assays under which no test is made."""
PLOT = "![difference to panels apart](muir-gains.png)"
Results = Sequence[dict[str, Any]]


def table(results: Results, about: str) -> str:
    """Markdown: what stands before, then a table for each panel of each mix."""
    parts = ["# Panels together", "", about.strip(), "", PLOT, ""]
    for mix, panel, runs in by_panel(results):
        metrics = [name.replace("_", " ") for name in runs[0]["panels"][panel]["macro"]]
        heads = ("case", "seeds", *metrics, f"to {BASE} (95 %)", "better", "p (Holm)")
        parts += [f"## {mix}: {panel}", "", *markdown(heads, _rows(runs, panel)), ""]
    return "\n".join(parts)


def by_panel(results: Results) -> Iterator[tuple[str, str, Results]]:
    """Mix, panel and runs of each panel of each mix."""
    for mix in dict.fromkeys(each["mix"] for each in results):
        runs = [each for each in results if each["mix"] == mix]
        yield from ((mix, panel, runs) for panel in runs[0]["panels"])


def _rows(runs: Results, panel: str) -> Iterator[Sequence[str]]:
    """A row for each case; p is of Wilcoxon's test over assays, by Holm for the panel's cases."""
    cases = [*dict.fromkeys(each["case"] for each in runs)]
    found = {case: differences(runs, panel, case) for case in cases if case != BASE}
    tests = {c: gain(each, 0 * each).p for c, each in found.items() if len(each) >= FEWEST}
    corrected = dict(zip(tests, holm([*tests.values()]), strict=True))
    for case in cases:
        macros = [each["panels"][panel]["macro"] for each in runs if each["case"] == case]
        means = [spread([macro[name] for macro in macros]) for name in macros[0]]
        compared = ["–"] * 3
        if len(more := found.get(case, ())):
            mean = paired(more)
            low, high = mean.interval
            within = f" ({low:+.4f} to {high:+.4f})" if np.isfinite(low) else ""
            p = corrected.get(case)
            p_said = "–" if p is None else f"{p:.3f}" if p >= 0.001 else "< 0.001"
            better = f"{int((np.asarray(more) > 0).sum())} of {len(more)}"
            compared = [f"{mean.mean:+.4f}{within}", better, p_said]
        yield [case, str(len(macros)), *means, *compared]


def differences(runs: Results, panel: str, case: str) -> Scores:
    """``(assays,)`` by which a case is better than the base, means over the seeds that both have.

    A panel of one assay has a difference for each seed instead.
    """
    own, base = (
        pd.DataFrame({e["seed"]: e["panels"][panel]["tasks"] for e in runs if e["case"] == name})
        for name in (case, BASE)
    )
    gaps = (own.astype(float) - base.astype(float)).dropna(axis=1, how="all").dropna(how="all")
    found: Scores = gaps.to_numpy()[0] if len(gaps) == 1 else gaps.mean(axis=1).to_numpy()
    return found


def write_plot(results: Results, folder: Path) -> None:
    gains = {case: _gains(results, case) for case in MAIN if case != BASE}
    title = "difference to panels apart (AP; Spearman of values), with 95 % interval"
    dots(folder / "muir-gains.png", gains, title, line=0.0)


def _gains(results: Results, case: str) -> list[Dot]:
    found = []
    for mix, panel, runs in by_panel(results):
        if len(each := differences(runs, panel, case)):
            middle, (low, high) = paired(each).mean, paired(each).interval
            color = WON if low > 0 else LOST if high < 0 else LEVEL
            error = high - middle if np.isfinite(high) else 0.0
            found.append(Dot(f"{mix}: {panel}", middle, error, color))
    return found
