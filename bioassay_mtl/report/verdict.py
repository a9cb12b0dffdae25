"""The verdict: in which assays a model can be used, by its grades and beside a quick baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bioassay_mtl.errors import counted
from bioassay_mtl.metrics.chance import by_chance
from bioassay_mtl.metrics.differences import Differences, telling_metric
from bioassay_mtl.metrics.grading import GRADES, RULE, grade, scores_of
from bioassay_mtl.report.about import name_columns
from bioassay_mtl.report.compared import Compared
from bioassay_mtl.report.evidence import Evidence
from bioassay_mtl.report.page import Section, heading, join, paragraph
from bioassay_mtl.report.table import Column, table
from bioassay_mtl.report.wording import UNKNOWN, interval, number
from bioassay_mtl.training.baseline import NAME

MOST_KNOWN = 0.1
"""Share of training molecules among new ones, beyond which their scores are no verdict."""

MOST_ROWS = 1_000
"""Assays of which each has its line."""

METRICS = {
    "roc_auc": "AUC",
    "average_precision": "AP",
    "roc_auc_ovr": "AUC",
    "concordance": "Concordance",
    "r2": "R²",
}
"""Metrics that grades go by."""

MORE = {"spearman": "Rank correlation", "quadratic_kappa": "Weighted kappa"}
"""Others that chance tells of."""

NO_VERDICT = {
    "chose": "these molecules chose the epoch of training",
    "trained": "the model was trained on these molecules",
}


class Graded(Protocol):
    """A score with its interval, and what chance gives."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def chance(self) -> float: ...


def verdict_words(evidence: Evidence) -> str:
    """The verdict in a sentence or two, for the top of a page and the end of a training."""
    if why := _why_none(evidence):
        return f"No verdict: {why}. Hold rows out, and the model can be judged."
    grades = Counter(filter(None, grades_of(evidence)))
    n = len(evidence.panel.tasks)
    if not grades:
        return "No verdict: too few different outcomes were held out to judge any assay by."
    if n == 1:
        (text,) = grades
        verdict = f"Verdict: {text}"
    else:
        said = ", ".join(f"{grades[each]} {each}" for each in GRADES if grades[each])
        without = n - grades.total()
        verdict = f"Verdict on {n} assays: {said}" + (f", {without} not judged" if without else "")
    return f"{verdict}. {_beside(evidence)}".rstrip()


def verdict_section(evidence: Evidence) -> Section:
    """A row for each assay, kind by kind; nothing where the rows are no measure of quality."""
    title = "Verdict"
    if _why_none(evidence):
        return Section("verdict", title, Markup())
    kinds = dict.fromkeys(kind.kind for kind in evidence.panel.kinds)
    parts = [paragraph(_about(evidence))]
    if len(evidence.panel.tasks) <= MOST_ROWS:
        parts += [_table(evidence.of_kind(kind)) for kind in kinds]
    else:
        said = f"Single verdicts are shown of {MOST_ROWS:,} assays at most; scores are below."
        parts.append(paragraph(said))
    if evidence.baseline and evidence.baseline.elsewhere:
        parts.append(_elsewhere(evidence, evidence.baseline))
    parts.append(paragraph(f"The rule. {RULE[0].upper()}{RULE[1:]}", "note"))
    return Section("verdict", title, join(parts))


def grades_of(evidence: Evidence) -> list[str | None]:
    """The grade of each assay: those of the model's sheet where these rows gave them."""
    if evidence.role == "graded":
        return [assay.grade for assay in evidence.sheet]
    return [grade(scores_of(row)) for row in _rows(evidence)]


def _why_none(evidence: Evidence) -> str:
    if evidence.n_known > MOST_KNOWN * len(evidence.panel):
        return (
            f"{evidence.n_known:,} of {len(evidence.panel):,} molecules are among those that the "
            "model was trained on"
        )
    return NO_VERDICT.get(evidence.role, "")


def _rows(evidence: Evidence) -> Sequence[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = evidence.found.to_json()["tasks"]
    return found


def _figures(evidence: Evidence) -> list[Mapping[str, Graded]]:
    """Figures that each assay is graded by, metric by metric."""
    if evidence.role == "graded":
        held = [assay.held_out for assay in evidence.sheet]
        return [each.scores if each else {} for each in held]
    return [scores_of(row) for row in _rows(evidence)]


def _about(evidence: Evidence) -> str:
    said = (
        "A verdict goes by the lower end of what the model scores on molecules that it has not "
        "seen, against what chance gives. Intervals here are made from the score and the counts "
        "alone, so that few actives make them wide."
    )
    if evidence.n_known:
        said += (
            f" {evidence.n_known:,} of these molecules are among those that the model was trained "
            "on: the verdict is a little too good."
        )
    if evidence.baseline:
        said += (
            f" The baseline is {NAME}, fitted in seconds to the same training molecules and asked "
            "of the same others: a model that is no better there is not worth its weight."
        )
    elif evidence.why_none:
        said += f" There is no quick baseline beside it: {evidence.why_none}."
    return said


def _table(evidence: Evidence) -> Markup:
    """Assays of one kind."""
    kind, figures = evidence.panel.kinds[0].kind, _figures(evidence)
    names = [name for name in METRICS if any(name in each for each in figures)]
    columns = [
        *name_columns(evidence.sheet),
        Column("Verdict", [each or "not judged" for each in grades_of(evidence)], is_text=True),
    ]
    for name in names:
        columns.append(_score_column(METRICS[name], [each.get(name) for each in figures]))
        if name == "average_precision":
            shares = [each[name].chance if name in each else np.nan for each in figures]
            about = "Share of actives: the average precision by chance"
            columns.append(Column("Base rate", [number(share) for share in shares], about=about))
    if evidence.baseline:
        columns += _baseline_columns(evidence.baseline, names, kind)
    return table(f"Verdict on {kind} assays", evidence.panel.tasks, columns, name="Assay")


def _score_column(title: str, figures: Sequence[Graded | None]) -> Column:
    return Column(
        title,
        [UNKNOWN if each is None else number(each.value) for each in figures],
        remarks=["" if each is None else interval(each.low, each.high) for each in figures],
    )


def _baseline_columns(compared: Compared, names: Sequence[str], kind: str) -> Iterator[Column]:
    """Scores of the baseline, and whether the model's differ."""
    for name in names:
        values = compared.found.values[name].tolist()
        yield Column(f"Baseline {METRICS[name]}", [number(value) for value in values])
    apart = compared.apart
    yield Column(
        "Model is",
        [_standing(apart, task) for task in range(len(apart.metrics))],
        remarks=[interval(*ends) for ends in apart.ends.tolist()],
        is_text=True,
        about=f"By {METRICS[telling_metric(kind)]}: 95 % interval of the difference, over "
        "resampled molecules",
    )


def _standing(apart: Differences, task: int) -> str:
    if not np.isfinite(apart.values[task]):
        return UNKNOWN
    return "better" if apart.better[task] else "worse" if apart.worse[task] else "level"


def _beside(evidence: Evidence) -> str:
    """Comparison of the model with the baseline, in a sentence; empty where there is none."""
    if evidence.baseline is None:
        return ""
    apart = evidence.baseline.apart
    better, worse = int(apart.better.sum()), int(apart.worse.sum())
    level = int(np.isfinite(apart.values).sum()) - better - worse
    if better + worse + level == 0:
        return ""
    if len(apart.values) == 1:
        how = "better than" if better else "worse than" if worse else "level with"
        return f"The model is {how} {NAME}, fitted to the same rows."
    counts = ((better, "better"), (level, "level"), (worse, "worse"))
    said = ", ".join(f"{how} in {n}" for n, how in counts if n)
    return f"Against {NAME}, fitted to the same rows: {said}."


def _elsewhere(evidence: Evidence, compared: Compared) -> Markup:
    """The baseline on the model's split and on another one: the model was not trained on that."""
    there = compared.elsewhere
    assert there is not None
    both = compared.found.evaluable & there.found.evaluable
    kinds = dict.fromkeys(kind.kind for kind in compared.found.kinds)
    rows = [
        (kind, name, chosen)
        for kind in kinds
        for name in by_chance(compared.found, kind)
        if (chosen := both & [each.kind == kind for each in compared.found.kinds]).any()
    ]
    if not rows:
        return Markup()
    means = [
        [number(_mean(found.values[name][chosen])) for _, name, chosen in rows]
        for found in (compared.found, there.found)
    ]
    n = counted(int(both.sum()), "assay")
    return (
        heading(f"{there.own} and {there.other} split".capitalize())
        + paragraph(
            f"Scores of the baseline alone, means over {n}, where molecules were dealt out as for "
            f"this model ({there.own}) and by another rule ({there.other}). {_MEANING[there.other]}"
            " The model itself was not trained on that split (split.kind would be "
            f"{there.other})."
        )
        + table(
            "The baseline under two splits",
            [f"{(METRICS | MORE)[name]} of {kind} assays" for kind, name, _ in rows],
            [
                Column(f"{there.own} split".capitalize(), means[0]),
                Column(f"{there.other} split".capitalize(), means[1]),
            ],
            name="Metric",
        )
    )


def _mean(values: NDArray[np.float64]) -> float:
    """Mean of the defined ones."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


_MEANING = {
    "scaffold": "Where no scaffold is in two parts, scores tell of new chemistry: what the "
    "baseline loses from one to the other, the model may lose too.",
    "random": "Where they are dealt out at random, scores tell of new molecules of known series: "
    "what the baseline gains from one to the other, the model may gain too.",
}
