"""Tables in Markdown; what a results file says of each model on some rows, over its seeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.ledger import Entry

NAMES = {"ap": "AP", "auc": "AUC", "rmse": "RMSE", "concordance": "concordance", "r2": "R²"}


def prose(module: str, name: str = "about") -> str:
    """Text of a Markdown file beside a module, for a page among the results."""
    text = Path(module).with_name(f"{name}.md").read_text()
    return text.rstrip().replace("](../results/", "](")


def sign_of(metric: str) -> int:
    """-1 where lower is better."""
    return -1 if metric == "rmse" else 1


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


@dataclass(frozen=True)
class Standing:
    """A model on some rows, over its seeds."""

    model: str
    entries: Sequence[Entry]

    def _scores(self, metric: str, of: str) -> dict[Any, float]:
        """Means by ``seed`` or by ``assay``."""
        found: dict[Any, list[float]] = defaultdict(list)
        for entry in self.entries:
            for assay, value in zip(entry.assays, entry.metrics[metric], strict=True):
                found[entry.seed if of == "seed" else assay].append(value)
        return {key: float(np.mean(values)) for key, values in found.items()}

    @property
    def n_seeds(self) -> int:
        return len({entry.seed for entry in self.entries})

    def seeds(self, metric: str) -> NDArray[np.float64]:
        """Means over assays, one a seed."""
        return np.array([*self._scores(metric, "seed").values()])

    def mean(self, metric: str) -> float:
        return float(self.seeds(metric).mean())

    def by_assay(self, metric: str) -> dict[str, float]:
        return self._scores(metric, "assay")

    def better_in(self, other: Standing, metric: str) -> str:
        """In how many of the assays that both have this one is better: ``94 of 125``."""
        mine, theirs = self.by_assay(metric), other.by_assay(metric)
        both = [assay for assay in mine if assay in theirs]
        if self.model == other.model or not both:
            return ""
        sign = sign_of(metric)
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
    best = {m: max(round(sign_of(m) * each.mean(m), digits) for each in found) for m in metrics}
    rows = []
    for each in found:
        cells = [each.model, str(each.n_seeds)]
        for metric in metrics:
            bold = round(sign_of(metric) * each.mean(metric), digits) == best[metric]
            cells.append(spread(each.seeds(metric), digits, bold))
        better = each.better_in(against, metrics[0]) if against else ""
        rows.append([*cells, better, each.time, remark(each)])
    heads = ["model", "seeds", *(NAMES[metric] for metric in metrics), "better", "time", ""]
    return markdown(heads, rows)
