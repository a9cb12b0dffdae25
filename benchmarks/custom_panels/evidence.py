"""What the drawn panels show: means, ranks and paired differences, with their errors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.custom_panels.work import CONTENDERS, DEFAULT
from benchmarks.harness.ledger import Entry
from benchmarks.harness.standings import LOWER_IS_BETTER
from benchmarks.harness.statistics import Difference, paired

SHOWN = ("ap", "auc", "rmse", "concordance")
RIVALS = tuple(name for name in CONTENDERS if not name.startswith(DEFAULT))

Values = dict[str, NDArray[np.float64]]
"""By contender, one value a panel or draw, in the same order."""


def sign_of(metric: str) -> int:
    """-1 where lower is better."""
    return -1 if metric in LOWER_IS_BETTER else 1


@dataclass
class Group:
    """Panels (their kind, rows, split) that are reported in one line.

    Entries are by panel and draw, then by contender.
    """

    name: tuple[str, str, str]
    entries: dict[tuple[str, int], dict[str, Entry]] = field(default_factory=dict)

    @property
    def is_single(self) -> bool:
        """Whether its panels have one assay each."""
        return self.name[0].startswith("single")

    @property
    def metrics(self) -> list[str]:
        """What was measured."""
        found = next(iter(next(iter(self.entries.values())).values())).metrics
        return [metric for metric in SHOWN if metric in found]

    def complete(self, names: Iterable[str]) -> list[tuple[str, int]]:
        """Panels that all of these contenders, and some assay, have results of."""
        wanted = set(names)
        return [
            key
            for key, by in self.entries.items()
            if wanted <= by.keys() and by[next(iter(wanted))].metrics[self.metrics[0]]
        ]

    def values(self, metric: str, names: Sequence[str]) -> Values:
        """Macro means over assays of the panels that all contenders have."""
        keys = self.complete(names)
        return {
            name: np.array([np.mean(self.entries[k][name].metrics[metric]) for k in keys])
            for name in names
        }

    def gaps(self, metric: str, rival: str, names: Sequence[str]) -> NDArray[np.float64]:
        """Ours minus a rival's, above 0 where ours is better, panel by panel."""
        found = self.values(metric, names)
        gaps: NDArray[np.float64] = sign_of(metric) * (found[DEFAULT] - found[rival])
        return gaps

    def difference(self, metric: str, rival: str, names: Sequence[str]) -> Difference:
        """Over assays taken singly, over draws, or of one draw over the assays of the panel."""
        keys, gaps = self.complete(names), self.gaps(metric, rival, names)
        if self.is_single:
            panels = [name for name, _ in keys]
            means = [gaps[[n == name for n in panels]].mean() for name in dict.fromkeys(panels)]
            return paired(means)
        by = self.entries[keys[0]]
        if len(keys) == 1:
            mine, theirs = (np.array(by[n].metrics[metric]) for n in (DEFAULT, rival))
            return paired(sign_of(metric) * (mine - theirs))
        notes = by[DEFAULT].notes
        return paired(gaps, notes["held"] / notes["brought"])

    def seconds(self, name: str) -> list[float]:
        """Processor time of a contender on each panel."""
        return [by[name].notes["cpu_seconds"] for by in self.entries.values() if name in by]


def groups_of(entries: Iterable[Entry]) -> list[Group]:
    """Drawn panels by what they are reported with, in the order of size."""
    found: dict[tuple[str, str, str], Group] = {}
    for entry in entries:
        if entry.features == "drawn":
            panel, rows, split = entry.notes["group"]
            group = found.setdefault((panel, rows, split), Group((panel, rows, split)))
            group.entries.setdefault((entry.protocol, entry.seed), {})[entry.rival] = entry
    return sorted(found.values(), key=_place)


def _place(group: Group) -> tuple[bool, str, int, str]:
    panel, rows, split = group.name
    return not group.is_single, panel, size_of(rows), split


def size_of(rows: str) -> int:
    """For sorting: whole tables come last."""
    return int(rows) if rows.isdigit() else 10**9


def present(groups: Iterable[Group]) -> list[str]:
    """Contenders that have results, in one order."""
    there = {name for group in groups for by in group.entries.values() for name in by}
    return [name for name in CONTENDERS if name in there]


def mean_ranks(
    groups: Iterable[Group], metric: str, names: Sequence[str]
) -> tuple[dict[str, float], int]:
    """Mean rank over panels and draws, 1 the best, and how many there are."""
    rows = [
        np.stack([found[name] for name in names], axis=1)
        for group in groups
        if metric in group.metrics
        for found in [group.values(metric, names)]
    ]
    if not rows or not len(table := np.concatenate(rows)):
        return {}, 0
    ranks = stats.rankdata(-sign_of(metric) * table, axis=1).mean(axis=0)
    return dict(zip(names, ranks.tolist(), strict=True)), len(table)


def overall(
    groups: Iterable[Group], metric: str, rival: str, names: Sequence[str]
) -> Difference | None:
    """Mean over panels of ours minus a rival's: draws of a panel are one, sizes of it another."""
    by_panel: dict[str, list[float]] = defaultdict(list)
    for group in groups:
        if metric in group.metrics:
            gaps = group.gaps(metric, rival, names)
            for (panel, _), gap in zip(group.complete(names), gaps, strict=True):
                by_panel[panel].append(float(gap))
    return paired([float(np.mean(gaps)) for gaps in by_panel.values()]) if by_panel else None


def best(means: Mapping[str, float], metric: str) -> str:
    """The name of the best mean."""
    return max(means, key=lambda name: sign_of(metric) * means[name])
