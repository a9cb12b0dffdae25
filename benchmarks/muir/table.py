"""What the study says so far: means by panel, and paired differences to panels apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap, wilcoxon

from benchmarks.mtl_study.significance import holm

BASE = "none"
FEWEST = 6
"""Assays under which no test is made, and no interval."""
Results = Sequence[dict[str, Any]]
Differences = NDArray[np.float64]


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
    """A line for each case; p is of Wilcoxon's test over assays, by Holm for the panel's cases."""
    runs = [each for each in results if panel in each["panels"]]
    metric = runs[0]["panels"][panel]["metric"].replace("_", " ")
    yield f"| case | seeds | {metric} | AUC or RMSE | to {BASE} (95 %) | assays better | p (Holm) |"
    yield "|---|---|---|---|---|---|---|"
    cases = [*dict.fromkeys(each["case"] for each in runs)]
    found = {case: differences(runs, panel, case) for case in cases if case != BASE}
    tests = {case: p for case, each in found.items() if (p := _p(each)) is not None}
    corrected = dict(zip(tests, holm([*tests.values()]), strict=True))
    for case in cases:
        macros = [each["panels"][panel]["macro"] for each in runs if each["case"] == case]
        first, second = (_mean(macros, names) for names in (FIRST, SECOND))
        said = f"| {case} | {len(macros)} | {first:.4f} | {second:.4f} | "
        yield said + _compared(found.get(case), corrected.get(case))


FIRST, SECOND = ("average_precision", "concordance"), ("roc_auc", "rmse")


def _mean(macros: Sequence[dict[str, float]], names: Sequence[str]) -> float:
    return float(np.mean([next(m[name] for name in names if name in m) for m in macros]))


def _compared(found: Differences | None, p: float | None) -> str:
    if found is None or not len(found):
        return "– | – | – |"
    middle, low, high = interval(found)
    spread = f" ({low:+.4f} to {high:+.4f})" if len(found) >= FEWEST else ""
    better = f"{int((found > 0).sum())} of {len(found)}"
    return f"{middle:+.4f}{spread} | {better} | {'–' if p is None else f'{p:.3f}'} |"


def _p(found: Differences) -> float | None:
    return float(wilcoxon(found).pvalue) if len(found) >= FEWEST and found.any() else None


def differences(results: Results, panel: str, case: str) -> Differences:
    """``(assays,)`` by which a case is better than the base, means over the seeds that both have.

    A panel of one assay has a difference for each seed instead.
    """
    scores: dict[str, dict[tuple[int, str], float]] = defaultdict(dict)
    for each in results:
        for task, value in each["panels"][panel]["tasks"].items():
            if value is not None:
                scores[each["case"]][each["seed"], task] = value
    own, base = scores[case], scores[BASE]
    found: dict[str, list[float]] = defaultdict(list)
    for key in own.keys() & base.keys():
        found[key[1]].append(own[key] - base[key])
    if len(found) == 1:
        return np.array(next(iter(found.values())))
    return np.array([np.mean(each) for each in found.values()])


def interval(found: Differences) -> tuple[float, float, float]:
    """Mean and its 95 % interval over assays (bootstrap), or over what there is of few."""
    middle = float(found.mean())
    if len(found) < FEWEST or np.ptp(found) == 0:
        return middle, float(found.min()), float(found.max())
    low, high = bootstrap(
        (found,), np.mean, method="percentile", n_resamples=2000, random_state=0
    ).confidence_interval
    return middle, float(low), float(high)
