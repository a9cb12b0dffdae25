"""Seconds and memory of what is measured, in turn, so that a drift of the machine falls out."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from benchmarks.harness.study import report

COMMAND = [sys.executable, "-m", "bioassay_mtl.cli.app"]


def seconds_of(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(cases: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """What each case measures, round by round."""
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, measured in cases.items():
            found[name].append(measured())
    return found


def in_parts(
    smiles: Sequence[str], makers: Mapping[str, Callable[[Any], object]], size: int, rounds: int
) -> dict[str, list[list[float]]]:
    """Seconds of each maker: of each part of so many molecules, round by round, in turn."""
    turns: dict[str, list[list[float]]] = {name: [] for name in makers}
    for part in (smiles[first : first + size] for first in range(0, len(smiles), size)):
        works = {name: partial(seconds_of, partial(make, part)) for name, make in makers.items()}
        for name, times in in_turn(works, rounds).items():
            turns[name].append(times)
    return turns


def report_ratios(
    case: str,
    metric: str,
    theirs: list[float],
    mine: list[float],
    unit: str = "1",
    target: str | None = None,
) -> None:
    """Report the median ratio of rounds, the lowest and the highest."""
    ratios = [other / own for other, own in zip(theirs, mine, strict=True)]
    report(case, metric, statistics.median(ratios), unit, target)
    report(case, f"{metric}, lowest round", min(ratios), unit)
    report(case, f"{metric}, highest round", max(ratios), unit)


def children_seconds() -> float:
    """Processor time of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
