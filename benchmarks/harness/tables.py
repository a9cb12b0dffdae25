"""Tables in Markdown; what a results file says of each model on some rows, over its seeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.ledger import Entry


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table."""
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def spread(values: Sequence[float] | NDArray[Any], digits: int = 4, bold: bool = False) -> str:
    """Mean and, of several values, standard deviation; a dash for none."""
    if not len(values):
        return "–"
    text = f"{np.mean(values):.{digits}f}"
    text = f"**{text}**" if bold else text
    return f"{text} ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else text


LOWER_IS_BETTER = ("rmse",)
NAMES = {"ap": "AP", "auc": "AUC", "rmse": "RMSE", "concordance": "concordance", "r2": "R²"}


def by_seed(entries: Iterable[Entry]) -> dict[int, list[Entry]]:
    """Entries of each seed: one, or one an assay."""
    found: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.seed].append(entry)
    return found


@dataclass(frozen=True)
class Standing:
    """A model on some rows, over its seeds."""

    model: str
    entries: Sequence[Entry]

    @property
    def n_seeds(self) -> int:
        """How many there are."""
        return len(by_seed(self.entries))

    def seeds(self, metric: str) -> NDArray[np.float64]:
        """Means over assays, one a seed."""
        values = [
            np.mean([value for entry in found for value in entry.metrics[metric]])
            for found in by_seed(self.entries).values()
        ]
        return np.array(values)

    def mean(self, metric: str) -> float:
        """Over assays and seeds."""
        return float(self.seeds(metric).mean())

    def by_assay(self, metric: str) -> dict[str, float]:
        """Means over seeds."""
        found: dict[str, list[float]] = defaultdict(list)
        for entry in self.entries:
            for assay, value in zip(entry.assays, entry.metrics[metric], strict=True):
                found[assay].append(value)
        return {assay: float(np.mean(values)) for assay, values in found.items()}

    def better_in(self, other: Standing, metric: str) -> str:
        """In how many of the assays that both have this one is better: ``94 of 125``."""
        sign = -1 if metric in LOWER_IS_BETTER else 1
        mine, theirs = self.by_assay(metric), other.by_assay(metric)
        both = [assay for assay in mine if assay in theirs]
        if self.model == other.model or not both:
            return ""
        return f"{sum(sign * mine[a] > sign * theirs[a] for a in both)} of {len(both)}"

    @property
    def time(self) -> str:
        """Of one seed: processor time where all entries have it, else that of the clock."""
        cpu = [entry.notes.get("cpu_seconds") for entry in self.entries]
        if None not in cpu:
            return f"{sum(float(each or 0) for each in cpu) / self.n_seeds:,.0f} s"
        return f"{sum(entry.seconds for entry in self.entries) / self.n_seeds:,.0f} s (wall)"


def standings(entries: Iterable[Entry], order: Sequence[str] = ()) -> list[Standing]:
    """Models in some order, others after these as they come."""
    found: dict[str, list[Entry]] = {name: [] for name in order}
    for entry in entries:
        found.setdefault(entry.rival, []).append(entry)
    return [Standing(model, each) for model, each in found.items() if each]


def table(
    found: Sequence[Standing],
    base: str,
    remark: Callable[[Standing], str] = lambda standing: "",
    digits: int = 4,
) -> list[str]:
    """Lines of a table: each model's means, in how many assays it is better than a base, time."""
    metrics = list(found[0].entries[0].metrics)
    against = next((each for each in found if each.model == base), None)
    best = {
        metric: (min if metric in LOWER_IS_BETTER else max)(
            round(each.mean(metric), digits) for each in found
        )
        for metric in metrics
    }
    heads = ["model", "seeds", *(NAMES[metric] for metric in metrics), "better", "time", ""]
    rows = [
        [
            each.model,
            str(each.n_seeds),
            *(
                spread(each.seeds(m), digits, round(each.mean(m), digits) == best[m])
                for m in metrics
            ),
            each.better_in(against, metrics[0]) if against else "",
            each.time,
            remark(each),
        ]
        for each in found
    ]
    return markdown(heads, rows)
