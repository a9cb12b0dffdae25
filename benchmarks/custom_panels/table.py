"""The report: drawn panels first, then whole ones, from the results file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.custom_panels.tuned import TRIALS
from benchmarks.custom_panels.work import CONTENDERS, DEFAULT, PANELS, WHOLE
from benchmarks.harness.ledger import Entry, Ledger
from benchmarks.harness.plots import LEVEL, LOST, WON, Dot, dots
from benchmarks.harness.statistics import Difference, paired
from benchmarks.harness.study import report
from benchmarks.harness.tables import LOWER_IS_BETTER, NAMES, markdown, standings, table

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
    return sorted(
        found.values(),
        key=lambda g: (not g.is_single, g.name[0], size_of(g.name[1]), g.name[2]),
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


MOST_SECONDS = 360
"""On one core, for 1,000 rows: three minutes on two."""
COLOURS = {"above": WON, "below": LOST}
DRAWN = f"""\
# Your own panel: with no option, beside tuned rivals

Made by `python -m benchmarks.custom_panels`, which does what is missing; every piece of work is a
line of `custom_panels.jsonl` with the scores of each assay, settings, seed, commit and versions.

**Rows.** Some molecules are what a user brings, others are held out, whole scaffolds or at random.
They are those that no setting was chosen on (three tenths of each table; of PCBA the public test
part), where these are enough; else, and always for MUV, all of the table. Where fewer than 3 % of
a single assay, or 5 % of a panel, are active, inactives are left away. 700 molecules at most are
held out (2,500 of whole tables).
**Contenders.** `bioassay_mtl` is what `train` makes with no option, on all rows brought; *network
alone* is `--effort quick`. Rivals fit one model an assay to Morgan counts (4,096) and RDKit
descriptors, with settings chosen by the same {TRIALS} trials each: fitted to four fifths of the
rows brought, scored on the rest (AP and AUC, or RMSE; of several assays on the four with most
actives or values), then fitted to all. Their mean is that of ranks among the molecules held out,
or of values. Nothing is chosen on molecules held out.
**Figures.** Means over assays, then over draws. Differences: `bioassay_mtl` minus the best rival of
the line, ± standard error, positive where ours is better: over assays taken singly; over draws,
corrected for the molecules they share (Nadeau and Bengio 2003); of one draw, over its assays. The
best rival is chosen with hindsight, which favours it. *Level* is within one standard error.
Seconds are processor time on one core, features made before; of rivals with their trials.

**Not in it.** 5x5 cross-validation: draws stand for it. No TabPFN-like model: of `tabpfn` (9.2.0,
0.1.11, 0.1.9, 0.1.8), `tabicl` 2.2.0, `tabdpt` 1.3.1 and `itabpfn2` 0.0.6 no wheel is larger than
0.9 MB, so that none brings a model's weights. chemprop and DeepChem, not tuned, are in the second
part. A panel and size that has no line was not run yet; few panels (*n*) decide little."""
RANKS = """\
Mean ranks (1 is best), and ours minus each, mean over panels with its interval of 95 %
(positive: ours better; assays of one table, and sizes of one panel, share molecules, so
that intervals are somewhat too narrow):"""
OF_WHOLE = """\
# Whole panels, rivals as they come

Made by `python -m benchmarks.custom_panels --whole`; every piece of work, with its settings and the
scores of each assay, is a line of `custom_panels.jsonl`.

`bioassay_mtl` is what `bioassay-mtl train panel.csv` makes with no option given, on the split
stated; `5 seeds` is that with `--ensemble 5`. Its settings for smaller panels were judged on the
rows fitted and stopped on here; that they hold up to 30,000 rows was decided on such rows of HIV,
but after a first look at its test rows. Since these runs small panels have trees and a linear model
beside the network: the first part is of what `train` makes now.
Rivals have the settings of the study on PCBA (`benchmarks.rivals`): a random forest of 100 trees
and XGBoost of 200 (one model an assay), DeepChem's `MultitaskClassifier` or `MultitaskRegressor`
with a layer of 1,000 and at most 30 epochs, these three on log counts of Morgan environments
(4,096) and torsions (2,048), and chemprop's default network, 25 epochs. Networks are stopped on the
validation rows; trees, which do not stop, are fitted on these rows too. Test rows are scored once.

AP, AUC: average precision and area under the ROC curve, means over assays. Of values: RMSE and R²
over the exact ones, and the concordance index over all (of pairs whose order is known, the share
predicted in that order), means over assays. `bioassay_mtl` and chemprop (`bounded-mse`) learn from
a bound as a bound, trees and DeepChem take it for a value. *Better*: assays in which a row beats
`bioassay_mtl`. Time is processor time of one thread on a shared machine, a seed: training and
prediction; for chemprop with making features, those of the others were made before. Bold: the best
of a column; ±: standard deviation over seeds."""


def write_report(results: Path) -> bool:
    """Write ``custom_panels.md`` and its plot; False where there is nothing to tell."""
    ledger = Ledger(results / "custom_panels.jsonl")
    groups = groups_of(ledger.entries.values())
    lines = []
    if groups:
        write_plot(groups, results / "custom_panels-sizes.png")
        show_summary(groups)
        lines += [*drawn_section(groups), ""]
    lines += _whole_section(ledger)
    if not lines:
        return False
    (results / "custom_panels.md").write_text("\n".join(lines).rstrip() + "\n")
    return True


def _whole_section(ledger: Ledger) -> list[str]:
    lines = []
    for name in PANELS:
        found = standings(ledger.select(protocol=name), [*WHOLE])
        if found:
            about = found[0].entries[0].notes
            said = f"{about['about']}; {about['assays']} assays, {about['fit']:,} rows fitted on, "
            said += f"{about['valid']:,} to stop on, {about['test']:,} of test."
            lines += [f"## {name}", "", said, "", *table(found, DEFAULT, digits=3), ""]
    return [OF_WHOLE, "", *lines] if lines else []


def write_plot(groups: Sequence[Group], path: Path) -> None:
    """Ours minus each rival, by panel and size; dots right of the line are wins."""
    names = present(groups)
    columns: dict[str, list[Dot]] = {f"minus {name}": [] for name in names if name in RIVALS}
    for metric in SHOWN:
        for group in (g for g in groups if metric in g.metrics and g.complete(names)):
            row = f"{', '.join(group.name)}: {NAMES[metric]}"
            for title, found in columns.items():
                gap = group.difference(metric, title.removeprefix("minus "), names)
                error = 0.0 if np.isnan(gap.error) else gap.error
                found.append(Dot(row, gap.mean, error, COLOURS.get(gap.verdict, LEVEL)))
    title = f"{DEFAULT} with no option, minus a tuned rival: right of the line ours is better"
    dots(path, columns, f"{title}; bars: one standard error", line=0.0)


def drawn_section(groups: Sequence[Group]) -> list[str]:
    """Markdown of the drawn panels."""
    names = present(groups)
    lines = [DRAWN, "", "![differences](custom_panels-sizes.png)", "", RANKS, ""]
    lines += _ranks(groups, names)
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
        means = {name: float(values.mean()) for name, values in found.items() if len(values)}
        if means:
            first = best(means, metric)
            cells = [f"**{means[n]:.3f}**" if n == first else f"{means[n]:.3f}" for n in names]
            count = str(len(found[first]))
            said = against_best_rival(group, metric, names)
            rows.append([*group.name, count, *cells, first, said])
    heads = ["panel", "rows", "split", "n", *names, "best", "ours minus best rival"]
    return [f"## {NAMES[metric]}", "", *markdown(heads, rows)]


def against_best_rival(group: Group, metric: str, names: list[str]) -> str:
    """The difference from the best rival and what it means; empty without ours or a rival."""
    rivals = [name for name in names if name in RIVALS]
    if DEFAULT not in names or not rivals:
        return ""
    found = group.values(metric, names)
    rival = best({name: float(found[name].mean()) for name in rivals}, metric)
    gap = group.difference(metric, rival, names)
    error = "?" if np.isnan(gap.error) else f"{gap.error:.3f}"
    return f"{gap.mean:+.3f} ± {error} ({rival}): {gap.verdict}"


def _seconds(groups: Sequence[Group], names: list[str]) -> list[str]:
    sizes = sorted({group.name[1] for group in groups}, key=size_of)
    kinds = [(single, n) for single in (True, False) for n in sizes]
    kinds = [each for each in kinds if _times(groups, names[0], *each)]
    heads = [f"{'one assay' if single else 'several'}, {n} rows" for single, n in kinds]
    rows = []
    for name in names:
        times = [_times(groups, name, *each) for each in kinds]
        rows.append([name, *(f"{np.median(found):,.0f}" if found else "–" for found in times)])
    about = ["## Seconds", "", "Median of panels of one assay, and of several.", ""]
    return [*about, *markdown(["", *heads], rows)]


def _times(groups: Sequence[Group], name: str, single: bool, rows: str) -> list[float]:
    those = [g for g in groups if g.is_single == single and g.name[1] == rows]
    return [seconds for group in those for seconds in group.seconds(name)]


def show_summary(groups: Sequence[Group]) -> None:
    """Print means by panel and size, mean ranks, and the time of 1,000 rows, one JSON line each."""
    names = present(groups)
    rivals = [name for name in names if name in RIVALS]
    for group in groups:
        for metric in group.metrics:
            found = group.values(metric, names)
            means = {name: float(values.mean()) for name, values in found.items() if len(values)}
            for name, mean in means.items():
                target = None
                if name == DEFAULT and rivals:
                    target = f"level with {means[best({r: means[r] for r in rivals}, metric)]:.3f}"
                report(f"{' '.join(group.name)} {name}", metric, mean, "1", target)
    for metric in SHOWN:
        ranks, _ = mean_ranks(groups, metric, names)
        for name, rank in ranks.items():
            others = [ranks[rival] for rival in rivals]
            target = f"<= {min(others):.2f}" if name == DEFAULT and others else None
            report(f"all drawn panels {name}", f"mean rank, {metric}", rank, "1", target)
    seconds = [s for g in groups if g.name[1] == "1000" for s in g.seconds(DEFAULT)]
    if seconds:
        case = f"1000 rows {DEFAULT}, slowest"
        report(case, "cpu", max(seconds), "s", f"<= {MOST_SECONDS}")
