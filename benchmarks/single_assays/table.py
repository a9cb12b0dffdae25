"""The table of what is done: means over panels, ranks, and differences from the forest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

REFERENCE = "forest"
HIGHER = {"average_precision": True, "roc_auc": True, "rmse": False, "spearman": True}

Scores = Mapping[str, Mapping[str, float]]
"""By case, then by panel."""


def table(results: Sequence[Mapping[str, Any]], about: str) -> str:
    """Markdown, one part a metric."""
    title, _, *rest = about.strip().split("\n\n")
    notes = (
        "Only finished runs are in it. A case that did not run on all panels stands in a part of "
        "its own, with the others on its panels. Ranks: 1 is best. "
        "Differences from the forest: mean over panels ± standard error. "
        "The rule was chosen on some of these very panels among some ten settings, and reads "
        "descriptors; `forest` and the linear model read Morgan counts alone, and none was tuned."
    )
    text = [f"# {title}", rest[0], notes]
    for metric, higher in HIGHER.items():
        scores = _scores(results, metric)
        for panels in sorted({frozenset(each) for each in scores.values()}, key=len, reverse=True):
            there = {case: each for case, each in scores.items() if panels <= each.keys()}
            text.append(_part(there, sorted(panels), metric, higher))
    return "\n\n".join(text) + "\n"


def _scores(results: Sequence[Mapping[str, Any]], metric: str) -> Scores:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for each in results:
        if metric in each:
            found[each["case"]][each["panel"]] = each[metric]
    return found


def _part(scores: Scores, panels: Sequence[str], metric: str, higher: bool) -> str:
    """Lines of the cases, best first."""
    values = np.array([[scores[case][panel] for panel in panels] for case in scores])
    ranks = rankdata(-values if higher else values, axis=0).mean(axis=1)
    head = (
        f"| {metric}, {len(panels)} panels | mean | mean rank | difference from the {REFERENCE} |"
    )
    lines = [head, "|---|---|---|---|"]
    names = list(scores)
    for place in np.argsort(ranks, kind="stable"):
        row = values[place]
        difference = "–"
        if REFERENCE in scores and names[place] != REFERENCE:
            gaps = row - values[names.index(REFERENCE)]
            error = gaps.std(ddof=1) / len(gaps) ** 0.5 if len(gaps) > 1 else float("nan")
            difference = f"{gaps.mean():+.3f} ± {error:.3f}"
        lines.append(f"| {names[place]} | {row.mean():.3f} | {ranks[place]:.2f} | {difference} |")
    return "\n".join(lines)
