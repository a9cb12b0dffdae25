"""The report, from the results file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.custom_panels.draws import CROSS_VALIDATED, N_FOLDS
from benchmarks.custom_panels.networks import NETWORKS
from benchmarks.custom_panels.rivals import MEAN
from benchmarks.custom_panels.work import CONTENDERS, DEFAULT, NETWORK
from benchmarks.harness.ledger import Entry, Ledger
from benchmarks.harness.plots import COLORS, LEVEL, Dot, dots
from benchmarks.harness.statistics import LEVEL as SIGNIFICANT
from benchmarks.harness.statistics import Difference, holm, paired
from benchmarks.harness.tables import NAMES, markdown, prose, sign_of

SHOWN = ("ap", "auc", "rmse", "concordance")
WHOLE = 10**9
"""Rows of a whole table: it comes last."""
LINE = ["several", "panel", "rows", "split"]
"""Panels that are the same in these are reported in one line; those of one assay come first."""
Line = tuple[Any, ...]


class Report:
    """What contenders reached on drawn panels: tables, and a picture."""

    def __init__(self, entries: Iterable[Entry], names: Sequence[str] = CONTENDERS) -> None:
        self.entries = {(each.protocol, each.seed, each.rival): each for each in entries}
        self.scores = pd.DataFrame(map(_scores, self.entries.values()))
        there = {DEFAULT, *(rival for _, _, rival in self.entries)}
        self.names = [name for name in names if name in there]
        self.rivals = [name for name in self.names if not name.startswith(DEFAULT)]
        self.metrics = [metric for metric in SHOWN if metric in self.scores]

    def by_panel(self, metric: str) -> pd.DataFrame:
        """Higher is better: a row for each panel and draw that all contenders have."""
        index = [*LINE, "name", "draw"]
        wide = self.scores.pivot(index=index, columns="contender", values=metric)
        return wide.reindex(columns=self.names).dropna()

    def lines(self, metric: str) -> Iterator[tuple[Line, pd.DataFrame]]:
        yield from self.by_panel(metric).groupby(level=LINE)

    def overall(self, metric: str, rival: str) -> Difference:
        """Mean over panels of ours minus a rival's: draws of one are one, its sizes are several."""
        found = self.by_panel(metric)
        return paired((found[DEFAULT] - found[rival]).groupby(level="name").mean().tolist())

    def gap(self, metric: str, rival: str, found: pd.DataFrame) -> Difference:
        """That of a line: over its assays, or over its draws; of one draw, over the assays."""
        gaps = found[DEFAULT] - found[rival]
        several, *_, name, draw = gaps.index[0]
        if not several:
            return paired(gaps.groupby(level="name").mean().tolist())
        ours, theirs = (self.entries[name, draw, each] for each in (DEFAULT, rival))
        if len(gaps) == 1:
            return paired(
                sign_of(metric) * np.subtract(ours.metrics[metric], theirs.metrics[metric])
            )
        return paired(gaps.tolist(), ours.notes["held"] / ours.notes["brought"])

    def ranks(self) -> list[str]:
        """Mean rank over panels and draws, 1 the best, and ours minus each."""
        found = {metric: self.by_panel(metric) for metric in self.metrics}
        rows = []
        for name in self.names:
            cells = [f"**{name}**" if name == DEFAULT else name]
            for metric, scores in found.items():
                cell = f"{scores.rank(axis=1, ascending=False)[name].mean():.2f}"
                if name != DEFAULT:
                    gap = self.overall(metric, name)
                    low, high = gap.interval
                    cell += f"; {gap.mean:+.3f} [{low:+.3f}, {high:+.3f}]"
                cells.append(cell)
            rows.append(cells)
        heads = [f"{NAMES[metric]}, {len(scores)} panels" for metric, scores in found.items()]
        return markdown(["", *heads], rows)

    def means(self, metric: str, mark: str = "##") -> list[str]:
        """Means of each line, and what ours has more than the best rival."""
        rows = []
        for line, found in self.lines(metric):
            means = found.mean()
            first, rival = str(means.idxmax()), str(means[self.rivals].idxmax())
            shown = {name: f"{sign_of(metric) * value:.3f}" for name, value in means.items()}
            cells = [f"**{shown[n]}**" if n == first else shown[n] for n in self.names]
            gap = self.gap(metric, rival, found)
            error = "?" if np.isnan(gap.error) else f"{gap.error:.3f}"
            said = f"{gap.mean:+.3f} ± {error} ({rival}): {gap.verdict}"
            rows.append([*_words(line), str(len(found)), *cells, first, said])
        heads = ["panel", "rows", "split", "n", *self.names, "best", "ours minus best rival"]
        return [f"{mark} {NAMES[metric]}", "", *markdown(heads, rows)]

    def tests(self, metric: str) -> list[str]:
        """Cross-validated panels: means over all folds, and tests of ours against each."""
        rows = []
        for (_, panel, *_), found in self.lines(metric):
            if len(found) < N_FOLDS**2:
                continue
            others = [name for name in self.names if name != DEFAULT]
            gaps = [self.gap(metric, name, found) for name in others]
            cells = [f"{sign_of(metric) * found[DEFAULT].mean():.3f}"]
            for name, gap, p in zip(others, gaps, holm([each.p for each in gaps]), strict=True):
                said = f"{gap.mean:+.3f}, p {p:.2g}"
                said = f"**{said}**" if p < SIGNIFICANT else said
                cells.append(f"{sign_of(metric) * found[name].mean():.3f}; {said}")
            rows.append([panel, *cells])
        return ["", *markdown([NAMES[metric], *self.names], rows)] if rows else []

    def seconds(self, mark: str = "##") -> list[str]:
        """Processor time of each contender."""
        found = self.scores.pivot_table("seconds", "contender", LINE[::2], aggfunc="median")
        sizes: list[tuple[bool, int]] = found.columns.to_numpy().tolist()
        rows = [
            [str(name), *("–" if np.isnan(each) else f"{each:,.0f}" for each in times)]
            for name, times in found.reindex(self.names).iterrows()
        ]
        about = [f"{mark} Seconds", "", "Median of panels of one assay, and of several.", ""]
        heads = [f"{'several' if many else 'one assay'}, {_size(n)} rows" for many, n in sizes]
        return [*about, *markdown(["", *heads], rows)]

    def draw(self, path: Path) -> None:
        """Ours minus each rival, by line; dots right of zero are wins."""
        columns: dict[str, list[Dot]] = {f"minus {name}": [] for name in self.rivals}
        for metric in self.metrics:
            for line, found in self.lines(metric):
                for rival, column in zip(self.rivals, columns.values(), strict=True):
                    gap = self.gap(metric, rival, found)
                    error = 0.0 if np.isnan(gap.error) else gap.error
                    row = f"{', '.join(_words(line))}: {NAMES[metric]}"
                    column.append(Dot(row, gap.mean, error, COLORS.get(gap.verdict, LEVEL)))
        title = f"{DEFAULT} with no option, minus a tuned rival: right of the line ours is better"
        dots(path, columns, f"{title}; bars: one standard error", line=0.0)


def _scores(entry: Entry) -> dict[str, Any]:
    """Means over assays, with their sign turned where lower is better."""
    panel, rows, split = entry.notes["group"]
    size = int(rows) if rows.isdigit() else WHOLE
    line = dict(zip(LINE, (not panel.startswith("single"), panel, size, split), strict=True))
    about = {"name": entry.protocol, "draw": entry.seed, "contender": entry.rival}
    scores = {m: sign_of(m) * np.mean(v or np.nan) for m, v in entry.metrics.items() if m in SHOWN}
    return {**line, **about, "seconds": entry.notes["cpu_seconds"], **scores}


def _size(rows: int) -> str:
    return "whole" if rows == WHOLE else str(rows)


def _words(line: Line) -> list[str]:
    _, panel, rows, split = line
    return [panel, _size(rows), split]


def write_report(results: Path) -> bool:
    """Write ``custom_panels.md`` and its plot; False where there is nothing to tell."""
    entries = Ledger(results / "custom_panels.jsonl").entries.values()
    drawn = [each for each in entries if each.notes["group"][2] != CROSS_VALIDATED]
    crossed = [each for each in entries if each.notes["group"][2] == CROSS_VALIDATED]
    if not drawn:
        return False
    report = Report(drawn)
    report.draw(results / "custom_panels-sizes.png")
    lines = [prose(__file__, "drawn"), "", *report.ranks()]
    for metric in report.metrics:
        lines += ["", *report.means(metric)]
    lines += ["", *report.seconds()]
    known = {each.protocol for each in drawn if each.rival in NETWORKS}
    if known:
        few = [each for each in drawn if each.protocol in known]
        beside = Report(few, (DEFAULT, NETWORK, MEAN, *NETWORKS))
        lines += ["", prose(__file__, "networks")]
        for metric in beside.metrics:
            lines += ["", *beside.means(metric, "###")]
        lines += ["", *beside.seconds("###")]
    if crossed:
        folds = Report(crossed)
        lines += ["", prose(__file__, "crossed")]
        lines += [line for metric in folds.metrics for line in folds.tests(metric)]
    (results / "custom_panels.md").write_text("\n".join(lines) + "\n")
    return True
