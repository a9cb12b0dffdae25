"""The report, from the results file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.custom_panels.work import CONTENDERS, DEFAULT
from benchmarks.harness.ledger import Entry, Ledger
from benchmarks.harness.plots import COLORS, LEVEL, Dot, dots
from benchmarks.harness.statistics import Difference, paired
from benchmarks.harness.tables import NAMES, markdown, prose, sign_of

SHOWN = ("ap", "auc", "rmse", "concordance")
RIVALS = tuple(name for name in CONTENDERS if not name.startswith(DEFAULT))


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
        found = next(iter(next(iter(self.entries.values())).values())).metrics
        return [metric for metric in SHOWN if metric in found]

    def values(self, metric: str, names: Sequence[str]) -> pd.DataFrame:
        """Means over assays: a row for each panel and draw that all contenders have."""
        means = {
            key: {name: np.mean(by[name].metrics[metric] or np.nan) for name in by}
            for key, by in self.entries.items()
        }
        return pd.DataFrame(means).T.reindex(columns=list(names)).dropna()

    def gaps(self, metric: str, rival: str, names: Sequence[str]) -> pd.Series[float]:
        """Ours minus a rival's, above 0 where ours is better, by panel and draw."""
        found = self.values(metric, names)
        return sign_of(metric) * (found[DEFAULT] - found[rival])

    def difference(self, metric: str, rival: str, names: Sequence[str]) -> Difference:
        """Over assays taken singly, over draws, or of one draw over the assays of the panel."""
        gaps = self.gaps(metric, rival, names)
        if self.is_single:
            return paired(gaps.groupby(level=0, sort=False).mean().tolist())
        by = self.entries[gaps.index[0]]
        if len(gaps) == 1:
            mine, theirs = (np.array(by[n].metrics[metric]) for n in (DEFAULT, rival))
            return paired(sign_of(metric) * (mine - theirs))
        notes = by[DEFAULT].notes
        return paired(gaps.tolist(), notes["held"] / notes["brought"])

    def against_best_rival(self, metric: str, names: list[str]) -> str:
        """The difference from the best rival and what it means; empty without ours or a rival."""
        rivals = [name for name in names if name in RIVALS]
        if DEFAULT not in names or not rivals:
            return ""
        rival = best(self.values(metric, names)[rivals].mean(), metric)
        gap = self.difference(metric, rival, names)
        error = "?" if np.isnan(gap.error) else f"{gap.error:.3f}"
        return f"{gap.mean:+.3f} ± {error} ({rival}): {gap.verdict}"

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
    return sorted(
        found.values(), key=lambda g: (not g.is_single, g.name[0], size_of(g.name[1]), g.name[2])
    )


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
    found = [group.values(metric, names) for group in groups if metric in group.metrics]
    whole = pd.concat(found) if found else pd.DataFrame()
    ranks = (-sign_of(metric) * whole).rank(axis=1).mean().dropna()
    return {str(name): float(rank) for name, rank in ranks.items()}, len(whole)


def overall(
    groups: Iterable[Group], metric: str, rival: str, names: Sequence[str]
) -> Difference | None:
    """Mean over panels of ours minus a rival's: draws of a panel are one, sizes of it another."""
    gaps = [group.gaps(metric, rival, names) for group in groups if metric in group.metrics]
    whole = pd.concat(gaps) if gaps else pd.Series()
    if not len(whole):
        return None
    return paired(whole.groupby(level=0, sort=False).mean().tolist())


def best(means: pd.Series[float], metric: str) -> str:
    """The name of the best mean."""
    return str((sign_of(metric) * means).idxmax())


def write_report(results: Path) -> bool:
    """Write ``custom_panels.md`` and its plot; False where there is nothing to tell."""
    ledger = Ledger(results / "custom_panels.jsonl")
    groups = groups_of(ledger.entries.values())
    if not groups:
        return False
    write_plot(groups, results / "custom_panels-sizes.png")
    (results / "custom_panels.md").write_text("\n".join(drawn_section(groups)) + "\n")
    return True


def write_plot(groups: Sequence[Group], path: Path) -> None:
    """Ours minus each rival, by panel and size; dots right of the line are wins."""
    names = present(groups)
    columns: dict[str, list[Dot]] = {f"minus {name}": [] for name in names if name in RIVALS}
    for metric in SHOWN:
        for group in groups:
            if metric not in group.metrics or group.values(metric, names).empty:
                continue
            row = f"{', '.join(group.name)}: {NAMES[metric]}"
            for title, found in columns.items():
                gap = group.difference(metric, title.removeprefix("minus "), names)
                error = 0.0 if np.isnan(gap.error) else gap.error
                found.append(Dot(row, gap.mean, error, COLORS.get(gap.verdict, LEVEL)))
    title = f"{DEFAULT} with no option, minus a tuned rival: right of the line ours is better"
    dots(path, columns, f"{title}; bars: one standard error", line=0.0)


def drawn_section(groups: Sequence[Group]) -> list[str]:
    names = present(groups)
    lines = [prose(__file__, "drawn"), "", *_ranks(groups, names)]
    for metric in SHOWN:
        measured = [group for group in groups if metric in group.metrics]
        lines += ["", *_by_panel(measured, metric, names)] if measured else []
    return [*lines, "", *_seconds(groups, names)]


def _ranks(groups: Sequence[Group], names: list[str]) -> list[str]:
    found = {metric: mean_ranks(groups, metric, names) for metric in SHOWN}
    found = {metric: each for metric, each in found.items() if each[1]}
    rows = []
    for name in names:
        cells = [f"**{name}**" if name == DEFAULT else name]
        for metric, (ranks, _) in found.items():
            cell = f"{ranks[name]:.2f}"
            gap = overall(groups, metric, name, names) if DEFAULT in names else None
            if gap is not None and name != DEFAULT:
                low, high = gap.interval
                cell += f"; {gap.mean:+.3f} [{low:+.3f}, {high:+.3f}]"
            cells.append(cell)
        rows.append(cells)
    heads = [f"{NAMES[metric]}, {n} panels" for metric, (_, n) in found.items()]
    return markdown(["", *heads], rows)


def _by_panel(groups: Sequence[Group], metric: str, names: list[str]) -> list[str]:
    rows = []
    for group in groups:
        found = group.values(metric, names)
        if len(found):
            means = found.mean()
            first = best(means, metric)
            cells = [f"**{means[n]:.3f}**" if n == first else f"{means[n]:.3f}" for n in names]
            said = group.against_best_rival(metric, names)
            rows.append([*group.name, str(len(found)), *cells, first, said])
    heads = ["panel", "rows", "split", "n", *names, "best", "ours minus best rival"]
    return [f"## {NAMES[metric]}", "", *markdown(heads, rows)]


def _seconds(groups: Sequence[Group], names: list[str]) -> list[str]:
    sizes = sorted({group.name[1] for group in groups}, key=size_of)
    kinds = {
        f"{'one assay' if single else 'several'}, {n} rows": [
            group for group in groups if group.is_single == single and group.name[1] == n
        ]
        for single in (True, False)
        for n in sizes
    }
    rows, kinds = [], {head: those for head, those in kinds.items() if those}
    for name in names:
        times = [[s for group in those for s in group.seconds(name)] for those in kinds.values()]
        rows.append([name, *(f"{np.median(found):,.0f}" if found else "–" for found in times)])
    about = ["## Seconds", "", "Median of panels of one assay, and of several.", ""]
    return [*about, *markdown(["", *kinds], rows)]
