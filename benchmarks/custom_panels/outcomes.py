"""What the results file says of each contender on each panel."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.custom_panels.judge import LOWER_IS_BETTER, metrics_of
from benchmarks.rivals.ledger import Entry, Ledger

ORDER = (
    "bioassay_mtl",
    "bioassay_mtl, 5 seeds",
    "random forest",
    "XGBoost",
    "DeepChem",
    "chemprop",
)
OURS = ORDER[0]


@dataclass(frozen=True)
class Standing:
    """A contender on a panel, over its seeds.

    Attributes
    ----------
    model : str
    entries : list of Entry
        One a seed.
    """

    model: str
    entries: list[Entry]

    def by_seed(self, metric: str) -> NDArray[np.float64]:
        """Means over assays."""
        return np.array([np.mean(metrics_of(entry)[metric]) for entry in self.entries])

    def by_assay(self, metric: str) -> dict[str, float]:
        """Means over seeds."""
        found: dict[str, list[float]] = defaultdict(list)
        for entry in self.entries:
            for assay, value in zip(entry.assays, metrics_of(entry)[metric], strict=True):
                found[assay].append(value)
        return {assay: float(np.mean(values)) for assay, values in found.items()}

    def mean(self, metric: str) -> float:
        """Over assays and seeds."""
        return float(self.by_seed(metric).mean())

    @property
    def seconds(self) -> float | None:
        """Processor time, mean over the seeds that have it."""
        known = [e.notes["cpu_seconds"] for e in self.entries if "cpu_seconds" in e.notes]
        return float(np.mean(known)) if known else None


@dataclass(frozen=True)
class PanelStandings:
    """All contenders on one panel, in one order."""

    name: str
    standings: list[Standing]

    @property
    def metrics(self) -> list[str]:
        """Names of what was measured, the main one first."""
        return list(metrics_of(self.standings[0].entries[0]))

    @property
    def notes(self) -> dict[str, Any]:
        """What holds for all."""
        return self.standings[0].entries[0].notes

    @property
    def ours(self) -> Standing | None:
        """The model that stands for this package."""
        return next((each for each in self.standings if each.model == OURS), None)

    def best(self, metric: str) -> float:
        """The best mean, as printed."""
        choose = min if metric in LOWER_IS_BETTER else max
        return choose(round(each.mean(metric), 3) for each in self.standings)

    def ours_better(self, rival: Standing, metric: str) -> tuple[int, int] | None:
        """In how many assays ours is better, of those that both have."""
        if self.ours is None or rival.model == OURS:
            return None
        sign = -1 if metric in LOWER_IS_BETTER else 1
        mine, theirs = self.ours.by_assay(metric), rival.by_assay(metric)
        both = [assay for assay in mine if assay in theirs]
        return sum(sign * mine[a] > sign * theirs[a] for a in both), len(both)


def standings(ledger: Ledger, panels: tuple[str, ...]) -> list[PanelStandings]:
    """Panels that something is known of, in their order."""
    found: dict[str, dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for entry in ledger.entries.values():
        found[entry.protocol][entry.rival].append(entry)
    return [
        PanelStandings(
            name, [Standing(model, found[name][model]) for model in ORDER if model in found[name]]
        )
        for name in panels
        if name in found
    ]
