"""The report: each method against a baseline, from whatever the results files hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.ledger import Entry, Ledger
from benchmarks.harness.plots import COLORS, LEVEL, Dot, dots
from benchmarks.harness.statistics import (
    Scores,
    critical_difference,
    friedman,
    gain,
    holm,
    mean_ranks,
)
from benchmarks.harness.tables import Standing, markdown, prose, spread, standings
from benchmarks.mtl_study.cases import BASE_MODEL, BOTH, MODELS, PLAIN, known_balancers


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
        parts = []
        for word in ("better", "worse"):
            names = [name for name, each in words.items() if each == word]
            parts.append(f"{len(names)} {word}" + (f" ({', '.join(names)})" if names else ""))
        best = max(self.methods, key=lambda each: each.mean("ap")).model
        base = self.methods[0].model
        return f"Of {len(words)} against {base}: {', '.join(parts)}. Highest macro AP: {best}."

    def table(self, actives: dict[str, int]) -> list[str]:
        """Markdown: means, gains, p, and gains of assays of few and of many actives."""
        scores = {metric: self.scores(metric) for metric in ("ap", "auc")}
        gains = {m: [gain(row, found[0]) for row in found] for m, found in scores.items()}
        corrected = {m: [1.0, *holm([g.p for g in found[1:]])] for m, found in gains.items()}
        assays = list(self.methods[0].by_assay("ap"))
        order = np.argsort([actives[assay] for assay in assays], kind="stable")
        few, _, many = np.array_split(order, 3)
        rows, first = [], _seconds(self.methods[0])
        ranks = mean_ranks(scores["ap"])
        for place, method in enumerate(self.methods):
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

    def draw_ranks(self, path: Path) -> None:
        """Mean ranks; the bar of the baseline is the critical difference."""
        scores = self.scores("ap")
        found = zip(mean_ranks(scores), self.methods, ["", *self.verdicts()], strict=True)
        base, distance = self.methods[0].model, critical_difference(*scores.shape)
        marks = []
        for rank, each, word in sorted(found, key=lambda each: float(each[0])):
            error = distance if each.model == base else 0.0
            name = each.model.split(" + ")[1]
            marks.append(Dot(name, float(rank), error, COLORS.get(word, LEVEL)))
        title = f"{self.title}: mean rank by AP, 1 is best; bar: critical difference from the sum"
        dots(path, {f"{scores.shape[1]} assays": marks}, title)


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
    few = [each for each in cells if each.model.split(" + ")[1] in BOTH]
    if len({each.model.split(" + ")[0] for each in few}) > 1:
        found.append(Family("Models", tuple(few)))
    return [each for each in found if each.methods[0].model.endswith(f" + {PLAIN}")]


def write_report(results: Path) -> bool:
    """Write ``mtl_study.md`` and its plots beside the results files; False where there are none."""
    lines = [prose(__file__)]
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
        lines += ["", f"### {family.title}", "", family.sentence, "", *family.table(actives)]
        if family.title == f"Balancers on {BASE_MODEL}" and len(family.methods) > 2:
            file = f"mtl_study-{data.protocol}-{data.features}-ranks.png"
            family.draw_ranks(results / file)
            lines += ["", f"![mean ranks]({file})"]
    return lines


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
