"""The report: tables and sentences from whatever the results files hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.mtl_study.comparison import Family, families
from benchmarks.mtl_study.outcomes import StudyOutcomes, read_outcomes
from benchmarks.mtl_study.plot import write_plots
from benchmarks.mtl_study.verdict import sentences

INTRODUCTION = """\
# What do two-step balancing and exclusivity buy over a plain sum?

Made by `python -m benchmarks.mtl_study --preset small --dataset pcba` (`tox21`, `muv`) and
`python -m benchmarks.mtl_study --report`; every piece of work, with its settings, is a line of
`mtl_study-*.jsonl`. Every cell (a model with a balancer) had the same number of trials at the same
random draws of learning rate (0.006 to 0.024), dropout (0.2 to 0.6) and weight decay (0.1 to 3); a
method's own option is varied inside this budget. Trials are chosen by macro average precision (AP)
on validation rows cut from training rows, with seed 0; the finalists are trained anew with other
seeds, stopped on validation rows, and scored on the test rows once.

Macro means over assays with an active and an inactive among the test rows; unmeasured cells count
nowhere. Gains are per assay, of the mean over seeds; `±` is the standard deviation over seeds. `p`:
Wilcoxon signed-rank test over assays, corrected by Holm within a table; it takes the assays for
independent and knows nothing of the seeds, so look at `±` too. *Better* and *worse* need p < 0.05
and a macro mean that agrees. Ranks: mean over assays by AP, 1 is best; ranks nearer than the
critical difference (CD, Nemenyi) do not differ at 0.05. Time (of training, validation included)
and peak memory (of training, above what the data take; on CUDA all) relative to the first row."""


def write_report(results: Path) -> bool:
    """Write ``mtl_study.md`` and its plots beside the results files; False where there are none."""
    studies = read_outcomes(results)
    if not studies:
        return False
    lines = [INTRODUCTION]
    for study in studies:
        pictures = write_plots(study, results)
        lines += ["", *_study(study), *(f"\n![{text}]({name})" for text, name in pictures)]
    (results / "mtl_study.md").write_text("\n".join(lines) + "\n")
    return True


def _study(study: StudyOutcomes) -> list[str]:
    about, preset = study.about, study.about["preset"]
    n_scored = len(study.actives())
    seeds = ", ".join(str(seed) for seed in preset["seeds"])
    lines = [
        f"## {study.dataset}, preset {study.preset}",
        "",
        f"{about['about']}; {len(about['tasks'])} assays ({n_scored} scored), "
        f"{about['fit']:,} rows fitted on, {about['valid']:,} to choose, {about['test']:,} of test."
        f" {preset['trials']} trials a cell, finalists with seeds {seeds}; {preset['epochs']} "
        f"epochs, batches of {about['batch_size']}, {preset['precision']}, "
        f"{preset['width']:.2g} times the width of the shipped network. "
        f"{study.made_with['machine']}, torch {study.made_with['versions']['torch']}, "
        f"commit {study.made_with['commit']}.",
        "",
        *(f"- {sentence}" for sentence in sentences(study)),
    ]
    if study.unfinished:
        lines.append(f"- Not finished, and left out: {', '.join(study.unfinished)}.")
    for family in families(study):
        lines += ["", f"### {family.title}", "", *_family(family)]
    return lines


def _family(family: Family) -> list[str]:
    label = "balancer" if family.title.startswith("Balancers") else "model + balancer"
    lines = [
        f"| {label} | AP | gain | improved | p | AUC | gain | p | rank | time | memory | chosen |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    ap = [None, *family.gains("ap")]
    auc = [None, *family.gains("auc")]
    first = family.outcomes[0]
    for row, (name, outcome, rank) in enumerate(
        zip(family.names, family.outcomes, family.ranks, strict=True)
    ):
        in_ap, in_auc = ap[row], auc[row]
        words = ["", "", ""] if in_ap is None else _gain_words(*in_ap)
        auc_words = ["", "", ""] if in_auc is None else _gain_words(*in_auc)
        cells = [
            name,
            _spread(*outcome.macro("ap")),
            *words,
            _spread(*outcome.macro("auc")),
            auc_words[0],
            auc_words[2],
            f"{rank:.1f}",
            f"{outcome.seconds / first.seconds:.2f}",
            _ratio(outcome.megabytes, first.megabytes),
            _settings(outcome.settings),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", f"First row: {first.seconds:.1f} s, {_megabytes(first.megabytes)}."]
    if len(family.names) > 2:
        n_methods, n_assays = family.scores("ap").shape
        lines[-1] += (
            f" Friedman p = {family.friedman_p:.2g}, CD = {family.critical_difference:.2f} "
            f"({n_methods} methods, {n_assays} assays)."
        )
    return lines


def _gain_words(found: Any, p: float) -> list[str]:
    n = len(found.per_assay)
    return [f"{found.mean:+.4f}", f"{found.n_improved} of {n}", f"{p:.2g}"]


def _spread(mean: float, deviation: float) -> str:
    return f"{mean:.4f} ± {deviation:.4f}"


def _ratio(one: float | None, other: float | None) -> str:
    return "–" if one is None or not other else f"{one / other:.2f}"


def _megabytes(value: float | None) -> str:
    return "memory unknown" if value is None else f"{value:.0f} MB"


def _settings(settings: dict[str, Any]) -> str:
    """What was chosen, in few words."""
    words = [
        f"rate {settings['learning_rate']}",
        f"dropout {settings['dropout']}",
        f"decay {settings['weight_decay']}",
    ]
    words += [f"{k} {v}" for k, v in settings["balance"].items() if k != "kind"]
    if "connections" in settings:
        words.append(settings["connections"]["kind"])
    return ", ".join(words)
