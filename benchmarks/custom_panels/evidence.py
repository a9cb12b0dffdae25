"""What the drawn panels show: means, ranks and paired differences, with their errors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.custom_panels.drawn import CONTENDERS, DEFAULT
from benchmarks.custom_panels.judge import LOWER_IS_BETTER, metrics_of
from benchmarks.rivals.ledger import Entry

SHOWN = {"ap": "AP", "auc": "AUC", "rmse": "RMSE", "concordance": "concordance"}
RIVALS = tuple(name for name in CONTENDERS if not name.startswith(DEFAULT))

Values = dict[str, NDArray[np.float64]]
"""By contender, one value a panel or draw, in the same order."""


@dataclass(frozen=True)
class Difference:
    """Ours minus a rival, the sign turned where lower is better.

    Attributes
    ----------
    mean : float
    error : float
        Standard error; NaN where it cannot be known.
    freedom : int
        Degrees of freedom.
    """

    mean: float
    error: float
    freedom: int

    @property
    def interval(self) -> tuple[float, float]:
        """That of 95 %, by Student's t."""
        reach = float(stats.t.ppf(0.975, self.freedom)) * self.error if self.freedom else np.nan
        return self.mean - reach, self.mean + reach

    @property
    def verdict(self) -> str:
        """``above`` or ``below`` by more than a standard error, ``level``, or ``open``."""
        if np.isnan(self.error):
            return "open"
        if abs(self.mean) <= self.error:
            return "level"
        return "above" if self.mean > 0 else "below"


def paired(differences: Sequence[float] | NDArray[np.float64]) -> Difference:
    """Of independent panels: the plain standard error of the mean."""
    found, n = np.asarray(differences, float), len(differences)
    error = float(found.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    return Difference(float(found.mean()), error, n - 1)


def resampled(
    differences: Sequence[float] | NDArray[np.float64], n_fit: float, n_held: float
) -> Difference:
    """Of draws of one panel, which share molecules: corrected after Nadeau and Bengio (2003).

    Parameters
    ----------
    differences : (k,) float
        One a draw.
    n_fit, n_held
        Molecules that are learned from, and that are held out.
    """
    found, k = np.asarray(differences, float), len(differences)
    if k < 2:
        return Difference(float(found.mean()), float("nan"), 0)
    error = float(np.sqrt((1 / k + n_held / n_fit) * found.var(ddof=1)))
    return Difference(float(found.mean()), error, k - 1)


@dataclass
class Group:
    """Panels that are reported in one line.

    Attributes
    ----------
    name : tuple of str
        Panel, rows, split.
    entries : dict
        By panel and draw, then by contender.
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
        found = metrics_of(next(iter(next(iter(self.entries.values())).values())))
        return [metric for metric in SHOWN if metric in found]

    def complete(self, names: Iterable[str]) -> list[tuple[str, int]]:
        """Panels that all of these contenders, and some assay, have results of."""
        wanted = set(names)
        return [
            key
            for key, by in self.entries.items()
            if wanted <= by.keys() and metrics_of(by[next(iter(wanted))])[self.metrics[0]]
        ]

    def values(self, metric: str, names: Sequence[str]) -> Values:
        """Macro means over assays of the panels that all contenders have."""
        keys = self.complete(names)
        return {
            name: np.array([np.mean(metrics_of(self.entries[k][name])[metric]) for k in keys])
            for name in names
        }

    def difference(self, metric: str, ours: str, rival: str, names: Sequence[str]) -> Difference:
        """Over assays taken singly, over draws, or of one draw over the assays of the panel."""
        sign = -1 if metric in LOWER_IS_BETTER else 1
        keys = self.complete(names)
        found = self.values(metric, names)
        gaps = sign * (found[ours] - found[rival])
        if self.is_single:
            return paired(_mean_by(gaps, [name for name, _ in keys]))
        if len(keys) == 1:
            by = self.entries[keys[0]]
            mine, theirs = (np.array(metrics_of(by[n])[metric]) for n in (ours, rival))
            return paired(sign * (mine - theirs))
        notes = self.entries[keys[0]][ours].notes
        return resampled(gaps, notes["brought"], notes["held"])


def _mean_by(values: NDArray[np.float64], names: list[str]) -> NDArray[np.float64]:
    """Mean over the draws of each panel."""
    return np.array([values[[n == name for n in names]].mean() for name in dict.fromkeys(names)])


def groups_of(entries: Iterable[Entry]) -> list[Group]:
    """Drawn panels by what they are reported with, in the order of size."""
    found: dict[tuple[str, str, str], Group] = {}
    for entry in entries:
        if entry.features != "drawn":
            continue
        name: tuple[str, str, str] = tuple(entry.notes["group"])
        group = found.setdefault(name, Group(name))
        group.entries.setdefault((entry.protocol, entry.seed), {})[entry.rival] = entry
    return sorted(found.values(), key=_place)


def _place(group: Group) -> tuple[bool, str, int, str]:
    panel, rows, split = group.name
    return not group.is_single, panel, int(rows) if rows.isdigit() else 10**9, split


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
    sign = 1 if metric in LOWER_IS_BETTER else -1
    ranks = stats.rankdata(sign * table, axis=1).mean(axis=0)
    return dict(zip(names, ranks.tolist(), strict=True)), len(table)


def overall(
    groups: Iterable[Group], metric: str, ours: str, rival: str, names: Sequence[str]
) -> Difference | None:
    """Mean over panels of ours minus a rival's: draws of a panel are one, sizes of it another."""
    sign = -1 if metric in LOWER_IS_BETTER else 1
    by_panel: dict[str, list[float]] = defaultdict(list)
    for group in groups:
        if metric not in group.metrics:
            continue
        found = group.values(metric, names)
        for (panel, _), gap in zip(
            group.complete(names), sign * (found[ours] - found[rival]), strict=True
        ):
            by_panel[panel].append(float(gap))
    return paired([float(np.mean(gaps)) for gaps in by_panel.values()]) if by_panel else None


def best(means: Mapping[str, float], metric: str) -> str:
    """The name of the best mean."""
    choose = min if metric in LOWER_IS_BETTER else max
    return choose(means, key=lambda name: means[name])


def slowest(groups: Iterable[Group], model: str, rows: int) -> float | None:
    """Most seconds of a contender on panels of so many rows; None where there is none."""
    found = [
        by[model].notes["cpu_seconds"]
        for group in groups
        if group.name[1] == str(rows)
        for by in group.entries.values()
        if model in by
    ]
    return max(found) if found else None
