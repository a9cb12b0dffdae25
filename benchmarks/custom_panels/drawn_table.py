"""The table of the drawn panels, and their lines on stdout."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.custom_panels.drawn import DEFAULT
from benchmarks.custom_panels.evidence import (
    RIVALS,
    SHOWN,
    Group,
    best,
    mean_ranks,
    overall,
    present,
    slowest,
)
from benchmarks.custom_panels.tuned import MEAN, TRIALS
from benchmarks.report import report

MOST_SECONDS = 360
"""On one core, for 1,000 rows: three minutes on two."""
ABOUT = f"""\
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
Seconds are processor time on one core, features made before; of rivals with their trials."""
NOT_RUN = """\
**Not in it.** 5x5 cross-validation: draws stand for it. No TabPFN-like model: of `tabpfn` (9.2.0,
0.1.11, 0.1.9, 0.1.8), `tabicl` 2.2.0, `tabdpt` 1.3.1 and `itabpfn2` 0.0.6 no wheel is larger than
0.9 MB, so that none brings a model's weights. chemprop and DeepChem, not tuned, are in the second
part. A panel and size that has no line was not run yet; few panels (*n*) decide little."""


def section(groups: Sequence[Group]) -> list[str]:
    """Markdown of the drawn panels."""
    names = present(groups)
    lines = [ABOUT, "", NOT_RUN, "", "![differences](custom_panels-sizes.png)", ""]
    lines += _ranks(groups, names)
    for metrics in (("ap", "auc"), ("rmse", "concordance")):
        of_kind = [group for group in groups if metrics[0] in group.metrics]
        for metric in metrics:
            lines += ["", *_by_panel(of_kind, metric, names)] if of_kind else []
    return [*lines, "", *_seconds(groups, names)]


def _ranks(groups: Sequence[Group], names: list[str]) -> list[str]:
    found = {metric: mean_ranks(groups, metric, names) for metric in SHOWN}
    found = {metric: each for metric, each in found.items() if each[1]}
    heads = [f"{SHOWN[metric]}, {n} panels" for metric, (_, n) in found.items()]
    lines = [
        "Mean ranks (1 is best), and ours minus each, mean over panels with its interval of 95 %",
        "(positive: ours better; assays of one table, and sizes of one panel, share molecules, so",
        "that intervals are somewhat too narrow):",
        "",
        "| | " + " | ".join(heads) + " |",
        "|---" * (len(heads) + 1) + "|",
    ]
    for name in names:
        cells = [f"**{name}**" if name == DEFAULT else name]
        for metric, (ranks, _) in found.items():
            cell = f"{ranks[name]:.2f}"
            gap = None
            if name != DEFAULT and DEFAULT in names:
                gap = overall(groups, metric, DEFAULT, name, names)
            if gap is not None:
                low, high = gap.interval
                cell += f"; {gap.mean:+.3f} [{low:+.3f}, {high:+.3f}]"
            cells.append(cell)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _by_panel(groups: Sequence[Group], metric: str, names: list[str]) -> list[str]:
    lines = [
        f"## {SHOWN[metric]}",
        "",
        f"| panel | rows | split | n | {' | '.join(names)} | best | ours minus best rival |",
        "|---" * (len(names) + 6) + "|",
    ]
    for group in groups:
        found = group.values(metric, names)
        means = {name: float(values.mean()) for name, values in found.items() if len(values)}
        if not means:
            continue
        first = best(means, metric)
        cells = [f"**{means[n]:.3f}**" if n == first else f"{means[n]:.3f}" for n in names]
        said = against_best_rival(group, metric, names)
        count = len(next(iter(found.values())))
        lines.append(f"| {' | '.join([*group.name, str(count), *cells, first, said])} |")
    return lines


def against_best_rival(group: Group, metric: str, names: list[str]) -> str:
    """The difference from the best rival and what it means; empty without ours or a rival."""
    rivals = [name for name in names if name in RIVALS]
    if DEFAULT not in names or not rivals:
        return ""
    found = group.values(metric, names)
    rival = best({name: float(found[name].mean()) for name in rivals}, metric)
    gap = group.difference(metric, DEFAULT, rival, names)
    error = "?" if np.isnan(gap.error) else f"{gap.error:.3f}"
    return f"{gap.mean:+.3f} ± {error} ({rival}): {gap.verdict}"


def _seconds(groups: Sequence[Group], names: list[str]) -> list[str]:
    rows = list(dict.fromkeys(group.name[1] for group in groups))
    rows.sort(key=lambda n: int(n) if n.isdigit() else 10**9)
    kinds = [(single, n) for single in (True, False) for n in rows]
    kinds = [each for each in kinds if _times(groups, names[0], *each)]
    heads = [f"{'one assay' if single else 'several'}, {n} rows" for single, n in kinds]
    lines = [
        "## Seconds",
        "",
        "Median of panels of one assay, and of several.",
        "",
        f"| | {' | '.join(heads)} |",
        "|---" * (len(heads) + 1) + "|",
    ]
    for name in names:
        cells = [_times(groups, name, *each) for each in kinds]
        medians = [f"{np.median(times):,.0f}" if times else "–" for times in cells]
        lines.append(f"| {name} | {' | '.join(medians)} |")
    return lines


def _times(groups: Sequence[Group], name: str, single: bool, rows: str) -> list[float]:
    return [
        by[name].notes["cpu_seconds"]
        for group in groups
        if group.is_single == single and group.name[1] == rows
        for by in group.entries.values()
        if name in by
    ]


def show_summary(groups: Sequence[Group]) -> None:
    """Print means by panel and size, mean ranks, and the time of 1,000 rows, one JSON line each."""
    names = present(groups)
    rivals = [name for name in names if name in RIVALS]
    for group in groups:
        for metric in group.metrics:
            found = group.values(metric, names)
            for name, values in found.items():
                if len(values):
                    target = None
                    if name == DEFAULT and rivals:
                        others = {rival: float(found[rival].mean()) for rival in rivals}
                        target = f"level with {others[best(others, metric)]:.3f}"
                    report(
                        f"{' '.join(group.name)} {name}", metric, float(values.mean()), "1", target
                    )
    for metric in SHOWN:
        ranks, _ = mean_ranks(groups, metric, names)
        for name, rank in ranks.items():
            target = None
            if name == DEFAULT and MEAN in ranks:
                target = f"<= {min(ranks[each] for each in rivals):.2f}"
            report(f"all drawn panels {name}", f"mean rank, {metric}", rank, "1", target)
    if (seconds := slowest(groups, DEFAULT, 1000)) is not None:
        report(f"1000 rows {DEFAULT}, slowest", "cpu", seconds, "s", f"<= {MOST_SECONDS}")
