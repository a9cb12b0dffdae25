"""The report: each method against a baseline, from whatever the results files hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.ledger import Entry, Ledger
from benchmarks.harness.plots import LEVEL, LOST, WON, Dot, dots
from benchmarks.harness.statistics import (
    Scores,
    critical_difference,
    friedman,
    gain,
    holm,
    mean_ranks,
)
from benchmarks.harness.tables import Standing, markdown, spread, standings
from benchmarks.mtl_study.cases import BASE_MODEL, MODELS, PLAIN, known_balancers

INTRODUCTION = """\
# What do two-step balancing and exclusivity buy over a plain sum?

Made by `python -m benchmarks.mtl_study --preset small --dataset pcba` (`tox21`, `muv`) and
`python -m benchmarks.mtl_study --report`; every piece of work, with its settings, is a line of
`mtl_study-*.jsonl`. Every cell (a model with a balancer) had the same number of trials at the same
random draws of learning rate (0.006 to 0.024), dropout (0.2 to 0.6) and weight decay (0.1 to 3); a
method's own option is varied inside this budget. Trials are chosen by macro average precision (AP)
on validation rows cut from training rows, with seed 0; the finalists are trained anew with other
seeds, stopped on validation rows, and scored on the test rows once. `longer`: thrice the epochs, as
two-step learns from a third of each batch.

Macro means over assays with an active and an inactive among the test rows; unmeasured cells count
nowhere. Gains are per assay, of the mean over seeds; `±` is the standard deviation over seeds. `p`:
Wilcoxon signed-rank test over assays, corrected by Holm within a table; it takes the assays for
independent and knows nothing of the seeds, so look at `±` too. *Better* and *worse* need p < 0.05
and a macro mean that agrees. *Few*, *many*: gain of the third of the assays with fewest, and with
most, actives. Ranks: mean over assays by AP, 1 is best; ranks nearer than the critical difference
(CD, Nemenyi) do not differ at 0.05. Time (of training, validation included) relative to the first
row."""
COLOURS = {"better": WON, "worse": LOST}


@dataclass(frozen=True)
class Family:
    """Methods on the same assays; the first is the baseline of all others."""

    title: str
    methods: tuple[Standing, ...]

    def scores(self, metric: str) -> Scores:
        """``(n_methods, n_assays)``."""
        return np.array([list(each.by_assay(metric).values()) for each in self.methods])

    def verdicts(self) -> list[str]:
        """``better``, ``worse`` or ``level`` in AP for each method but the baseline."""
        scores = self.scores("ap")
        found = [gain(row, scores[0]) for row in scores[1:]]
        corrected = holm([each.p for each in found])
        return [each.verdict(p) for each, p in zip(found, corrected, strict=True)]

    @property
    def sentence(self) -> str:
        """How many are better or worse than the baseline."""
        words = dict(zip((each.model for each in self.methods[1:]), self.verdicts(), strict=True))
        parts = [
            f"{len(names)} {word}" + (f" ({', '.join(names)})" if names else "")
            for word in ("better", "worse")
            for names in [[name for name, each in words.items() if each == word]]
        ]
        best = max(self.methods, key=lambda each: each.mean("ap")).model
        base = self.methods[0].model
        return f"Of {len(words)} against {base}: {', '.join(parts)}. Highest macro AP: {best}."


def finished(entries: list[Entry], seeds: list[int]) -> list[Standing]:
    """Cells with every seed of the same settings, models and balancers in their order."""
    known = known_balancers()

    def place(cell: str) -> tuple[int, int, str]:
        model, balancer = cell.split(" + ")
        rank = known.index(balancer) if balancer in known else len(known)
        return MODELS.index(model), rank, balancer

    cells = sorted({entry.rival for entry in entries}, key=place)
    found = standings([entry for entry in entries if entry.seed in seeds], cells)
    return [
        each
        for each in found
        if each.n_seeds == len(seeds)
        and all(e.notes["settings"] == each.entries[0].notes["settings"] for e in each.entries)
    ]


def families(cells: list[Standing]) -> list[Family]:
    """Balancers on each model that has some, then the models under the plain sum and two-step."""
    found = []
    for model in MODELS:
        mine = [each for each in cells if each.model.split(" + ")[0] == model]
        if len(mine) > 2 or (model == BASE_MODEL and len(mine) == 2):
            found.append(Family(f"Balancers on {model}", tuple(mine)))
    few = [each for each in cells if each.model.split(" + ")[1] in (PLAIN, "two_step")]
    if len({each.model.split(" + ")[0] for each in few}) > 1:
        found.append(Family("Models", tuple(few)))
    return [each for each in found if each.methods[0].model.endswith(f" + {PLAIN}")]


def write_report(results: Path) -> bool:
    """Write ``mtl_study.md`` and its plots beside the results files; False where there are none."""
    lines = [INTRODUCTION]
    for path in sorted(results.glob("mtl_study-*.jsonl")):
        ledger = Ledger(path)
        about = ledger.select(stage="data")
        if about:
            lines += ["", *_study(ledger, about[-1], results)]
    if len(lines) == 1:
        return False
    (results / "mtl_study.md").write_text("\n".join(lines) + "\n")
    return True


def _study(ledger: Ledger, data: Entry, results: Path) -> list[str]:
    notes, preset = data.notes, data.notes["preset"]
    size = [preset[name] for name in ("rows", "width", "epochs", "batch_size", "precision")]
    tests = [entry for entry in ledger.select(stage="test") if entry.notes["preset"] == size]
    name = f"{data.protocol}-{data.features}"
    lines = [
        f"## {data.protocol}, preset {data.features}",
        "",
        f"{notes['about']}; {len(notes['tasks'])} assays, {notes['fit']:,} rows fitted on, "
        f"{notes['valid']:,} to choose, {notes['test']:,} of test. {preset['trials']} trials a "
        f"cell, {len(preset['seeds'])} seeds; {preset['epochs']} epochs, batches of "
        f"{notes['batch_size']}, {preset['precision']}, {preset['width']:.2g} times the width of "
        f"the shipped network. {notes['made_with']['machine']}.",
    ]
    actives = dict(zip(notes["tasks"], notes["actives"], strict=True))
    for family in families(finished(tests, preset["seeds"])):
        lines += ["", f"### {family.title}", "", family.sentence, "", *_table(family, actives)]
        if family.title == f"Balancers on {BASE_MODEL}" and len(family.methods) > 2:
            file = f"mtl_study-{name}-ranks.png"
            draw_ranks(family, results / file)
            lines += ["", f"![mean ranks]({file})"]
    return lines


def _table(family: Family, actives: dict[str, int]) -> list[str]:
    scores = {metric: family.scores(metric) for metric in ("ap", "auc")}
    gains = {m: [gain(row, found[0]) for row in found] for m, found in scores.items()}
    corrected = {m: [1.0, *holm([g.p for g in found[1:]])] for m, found in gains.items()}
    assays = list(family.methods[0].by_assay("ap"))
    order = np.argsort([actives[assay] for assay in assays], kind="stable")
    few, _, many = np.array_split(order, 3)
    rows, first = [], _seconds(family.methods[0])
    ranks = mean_ranks(scores["ap"])
    for place, method in enumerate(family.methods):
        ap, auc = gains["ap"][place], gains["auc"][place]
        said = [f"{ap.mean:+.4f}", f"{ap.n_improved} of {len(assays)}"]
        said += [f"{corrected['ap'][place]:.2g}"]
        said += [f"{ap.per_assay[third].mean():+.4f}" for third in (few, many)]
        more = [f"{auc.mean:+.4f}", f"{corrected['auc'][place]:.2g}"]
        if not place:
            said, more = [""] * len(said), [""] * len(more)
        end = [f"{ranks[place]:.1f}", f"{_seconds(method) / first:.2f}"]
        end += [_settings(method.entries[0].notes["settings"])]
        means = [spread(method.seeds(metric)) for metric in ("ap", "auc")]
        rows.append([method.model, means[0], *said, means[1], *more, *end])
    heads = ["model + balancer", "AP", "gain", "improved", "p", "few", "many"]
    heads += ["AUC", "gain", "p", "rank", "time", "chosen"]
    below = f"First row: {first:.1f} s."
    if len(rows) > 2:
        distance = critical_difference(*scores["ap"].shape)
        below += f" Friedman p = {friedman(scores['ap']):.2g}, CD = {distance:.2f}."
    return [*markdown(heads, rows), "", below]


def draw_ranks(family: Family, path: Path) -> None:
    """Mean ranks; the bar of the baseline is the critical difference."""
    scores = family.scores("ap")
    found = zip(mean_ranks(scores), family.methods, ["", *family.verdicts()], strict=True)
    ranked = sorted(found, key=lambda each: float(each[0]))
    base, distance = family.methods[0].model, critical_difference(*scores.shape)
    marks = []
    for rank, each, word in ranked:
        error = distance if each.model == base else 0.0
        balancer = each.model.split(" + ")[1]
        marks.append(Dot(balancer, float(rank), error, COLOURS.get(word, LEVEL)))
    title = f"{family.title}: mean rank by AP, 1 is best; bar: critical difference from the sum"
    dots(path, {f"{scores.shape[1]} assays": marks}, title)


def _seconds(method: Standing) -> float:
    """Median training time: of the processor on a CPU (others use it too), else of the wall."""
    cpu = "no GPU" in method.entries[0].notes["made_with"]["machine"]
    return float(np.median([e.notes["cpu_seconds"] if cpu else e.seconds for e in method.entries]))


def _settings(settings: dict[str, Any]) -> str:
    """What was chosen, in few words."""
    words = [f"rate {settings['learning_rate']}", f"dropout {settings['dropout']}"]
    words += [f"decay {settings['weight_decay']}"]
    words += [f"{k} {v}" for k, v in settings["balance"].items() if k != "kind"]
    if "connections" in settings:
        words.append(settings["connections"]["kind"])
    return ", ".join(words)
