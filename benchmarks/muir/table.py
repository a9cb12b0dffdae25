"""What the study says so far: means by panel, and paired differences to panels apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.stats import wilcoxon

from benchmarks.mtl_study.significance import holm

BASE = "none"
FEWEST = 6
"""Assays under which no test is made."""
Results = Sequence[dict[str, Any]]


def table(results: Results, about: str) -> str:
    """Markdown.

    Parameters
    ----------
    results
        Of :func:`benchmarks.muir.study.run`.
    about
        What stands before.
    """
    parts = ["# Panels together", "", about.strip(), ""]
    for mix in dict.fromkeys(each["mix"] for each in results):
        of_mix = [each for each in results if each["mix"] == mix]
        for panel in dict.fromkeys(name for each in of_mix for name in each["panels"]):
            parts += [f"## {mix}: {panel}", "", *_rows(of_mix, panel), ""]
    return "\n".join(parts)


def _rows(results: Results, panel: str) -> Iterator[str]:
    metric = next(each["panels"][panel]["metric"] for each in results if panel in each["panels"])
    yield f"| case | runs | {metric.replace('_', ' ')} | to {BASE} | assays better | p (Holm) |"
    yield "|---|---|---|---|---|---|"
    scores = scores_of(results, panel)
    found = [(case, *compared(scores, case)) for case in scores]
    corrected = iter(holm([p for *_, p in found if p is not None]))
    for case, n_runs, mean, gain, better, p in found:
        said = "–" if p is None else f"{next(corrected):.3f}"
        yield f"| {case} | {n_runs} | {mean:.4f} | {gain:+.4f} | {better} | {said} |"


def scores_of(results: Results, panel: str) -> dict[str, dict[tuple[int, str], float]]:
    """Score by case, seed and assay."""
    scores: dict[str, dict[tuple[int, str], float]] = defaultdict(dict)
    for each in results:
        for task, value in each["panels"].get(panel, {"tasks": {}})["tasks"].items():
            if value is not None:
                scores[each["case"]][each["seed"], task] = value
    return scores


def compared(
    scores: dict[str, dict[tuple[int, str], float]], case: str
) -> tuple[int, float, float, str, float | None]:
    """Runs, mean, mean difference to the base, assays that are better, and p of Wilcoxon's test.

    Assays are compared by their mean over the seeds that both have.
    """
    own, base = scores[case], scores.get(BASE, {})
    differences: dict[str, list[float]] = defaultdict(list)
    for key in own.keys() & base.keys():
        differences[key[1]].append(own[key] - base[key])
    means = np.array([np.mean(each) for each in differences.values()])
    n_runs, mean = len({seed for seed, _ in own}), float(np.mean([*own.values()]))
    if case == BASE or not len(means):
        return n_runs, mean, 0.0, "–", None
    better = f"{int((means > 0).sum())} of {len(means)}"
    p = float(wilcoxon(means).pvalue) if len(means) >= FEWEST and means.any() else None
    return n_runs, mean, float(means.mean()), better, p
