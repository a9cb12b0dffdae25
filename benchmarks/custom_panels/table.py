"""The report: drawn panels first, then whole ones, from the results file."""

from __future__ import annotations

from pathlib import Path

from benchmarks.custom_panels import drawn_plot, drawn_table
from benchmarks.custom_panels.evidence import groups_of
from benchmarks.custom_panels.outcomes import ORDER, PanelStandings, Standing, standings
from benchmarks.custom_panels.panels import PANELS
from benchmarks.custom_panels.plot import write_plot
from benchmarks.rivals.ledger import Ledger

TITLES = {"tox21": "Tox21", "chembl100": "ChEMBL", "hiv": "HIV", "muv": "MUV"}
METRICS = {
    "ap": "AP",
    "auc": "AUC",
    "rmse": "RMSE",
    "concordance": "concordance",
    "r2": "R²",
}
INTRODUCTION = """\
# Whole panels, rivals as they come

Made by `python -m benchmarks.custom_panels --whole`; every piece of work, with its settings and the
scores of each assay, is a line of `custom_panels.jsonl`.

`bioassay_mtl` is what `bioassay-mtl train panel.csv` makes with no option given, on the split
stated; `5 seeds` is that with `--ensemble 5`. Its settings for smaller panels were
judged on the rows fitted and stopped on here (`benchmarks.small_panels`); that they hold up to
30,000 rows was decided on such rows of HIV, but after a first look at its test rows.
Rivals have the settings of the study on PCBA (`benchmarks.rivals`): a random forest of 100 trees
and XGBoost of 200 (one model an assay), DeepChem's `MultitaskClassifier` or `MultitaskRegressor`
with a layer of 1,000 and at most 30 epochs, these three on log counts of Morgan environments
(4,096) and torsions (2,048), and chemprop's default network, 25 epochs. Networks are stopped on the
validation rows; trees, which do not stop, are fitted on these rows too. Test rows are scored once.

AP, AUC: average precision and area under the ROC curve, means over assays. Of values: RMSE and R²
over the exact ones, and the concordance index over all (of pairs whose order is known, the share
predicted in that order), means over assays. `bioassay_mtl` and chemprop (`bounded-mse`) learn from
a bound as a bound, trees and DeepChem take it for a value. Time is processor time of one thread on
a shared machine, a seed: training and prediction; for chemprop with making features, those of the
others were made before. Bold: the best of a column. A dash: not run, or not measured so."""


def write_report(results: Path) -> bool:
    """Write ``custom_panels.md`` and its plots; False where there is nothing to tell."""
    ledger = Ledger(results / "custom_panels.jsonl")
    lines = [*_of_drawn(ledger, results), *_of_whole(ledger, results)]
    if not lines:
        return False
    (results / "custom_panels.md").write_text("\n".join(lines[:-1]) + "\n")
    return True


def _of_drawn(ledger: Ledger, results: Path) -> list[str]:
    groups = groups_of(ledger.entries.values())
    if not groups:
        return []
    drawn_plot.write_plot(groups, results / "custom_panels-sizes.png")
    drawn_table.show_summary(groups)
    return [*drawn_table.section(groups), ""]


def _of_whole(ledger: Ledger, results: Path) -> list[str]:
    found = standings(ledger, tuple(PANELS))
    if not found:
        return []
    write_plot(found, TITLES, results / "custom_panels.png")
    lines = [INTRODUCTION, "", "![each seed](custom_panels.png)", "", *_overview(found)]
    for panel in found:
        lines += ["", *_section(panel)]
    return [*lines, ""]


def _overview(found: list[PanelStandings]) -> list[str]:
    heads = [f"{TITLES[p.name]} {METRICS[metric]}" for p in found for metric in p.metrics]
    lines = ["| | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for model in ORDER:
        cells = [model]
        for panel in found:
            one = next((s for s in panel.standings if s.model == model), None)
            cells += ["–" if one is None else _cell(panel, one, m, False) for m in panel.metrics]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _section(panel: PanelStandings) -> list[str]:
    notes = panel.notes
    heads = [METRICS[metric] for metric in panel.metrics]
    main = METRICS[panel.metrics[0]]
    lines = [
        f"## {TITLES[panel.name]}",
        "",
        f"{notes['about']}; {notes['assays']} assay{'s' * (notes['assays'] > 1)}, {notes['fit']:,} "
        f"rows fitted on, {notes['valid']:,} to stop on, {notes['test']:,} of test. "
        f"{notes['made_with']['machine']}. The last column: in how many assays `bioassay_mtl` has "
        f"the better {main}.",
        "",
        f"| model | seeds | {' | '.join(heads)} | time | ours better |",
        "|---" * (len(heads) + 4) + "|",
    ]
    for standing in panel.standings:
        better = panel.ours_better(standing, panel.metrics[0])
        cells = [
            standing.model,
            str(len(standing.entries)),
            *(_cell(panel, standing, metric, True) for metric in panel.metrics),
            "–" if standing.seconds is None else f"{standing.seconds:,.0f} s",
            f"{better[0]} of {better[1]}" if better else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _cell(panel: PanelStandings, standing: Standing, metric: str, spread: bool) -> str:
    """Mean over seeds, bold where it is the best, and the standard deviation."""
    value = standing.mean(metric)
    text = f"{value:.3f}"
    if round(value, 3) == panel.best(metric):
        text = f"**{text}**"
    seeds = standing.by_seed(metric)
    return f"{text} ± {seeds.std(ddof=1):.3f}" if spread and len(seeds) > 1 else text
