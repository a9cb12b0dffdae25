"""The assays of a model, one by one: outcomes, scores, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from bioassay_mtl.errors import counted

if TYPE_CHECKING:
    from bioassay_mtl.models.assay_sheet import Assay

SHOWN = {"roc_auc": "AUC", "average_precision": "AP", "r2": "R2", "concordance": "concordance"}
SHOWN |= {"roc_auc_ovr": "AUC", "balanced_accuracy": "balanced accuracy", "rmse": "RMSE"}
"""Metrics by their heads, those of one head in one column."""


WIDTHS = {"gene": 80, "trained on": 130, "target": 150, "active when": 180}
"""Width of the terminal from which on a column is shown."""

WITH_INTERVALS = 100
"""Width of the terminal from which on scores have their intervals."""


def sheet_table(assays: Sequence[Assay], rule: str, width: int) -> Table:
    """Table of assays, and of how far to trust a model in each.

    Parameters
    ----------
    assays
        Assays of a model's sheet.
    rule
        Rule by which they are graded.
    width
        Width of the terminal.
    """
    columns: dict[str, list[str]] = {
        "assay": [assay.id for assay in assays],
        "name": [assay.about for assay in assays],
        "target": [assay.target if assay.name else "" for assay in assays],
        "gene": [assay.gene for assay in assays],
        "active when": [assay.active for assay in assays],
        "trained on": [_trained_on(assay) for assay in assays],
        **{
            head: [_figure(assay, head, width >= WITH_INTERVALS) for assay in assays]
            for head in dict.fromkeys(SHOWN.values())
        },
        "grade": [assay.grade or "" for assay in assays],
    }
    rows = {assay.held_out.rows: "" for assay in assays if assay.held_out}
    scored = f", scores on {', '.join(rows)} rows" if rows else ""
    table = Table(
        title=f"{counted(len(assays), 'assay')}{scored}", title_justify="left", box=box.SIMPLE
    )
    shown = {
        name: texts
        for name, texts in columns.items()
        if name == "assay" or (any(texts) and width >= WIDTHS.get(name, 0))
    }
    whole = ("assay", "grade", *SHOWN.values())
    for name in shown:
        table.add_column(name, overflow="fold", no_wrap=name in whole)
    for row in zip(*shown.values(), strict=True):
        table.add_row(*row)
    table.caption, table.caption_justify = _caption(assays, rule), "left"
    return table


def _caption(assays: Sequence[Assay], rule: str) -> str:
    """Caption that says what grades mean, and why there are none."""
    why = {assay.why: "" for assay in assays if assay.why}
    lines = [rule] if any(assay.grade for assay in assays) else []
    return "\n".join([*lines, *(f"without a grade: {reason}" for reason in why)])


def _figure(assay: Assay, head: str, with_interval: bool = True) -> str:
    """A score, and its interval."""
    found = assay.score(*(name for name, shown in SHOWN.items() if shown == head))
    if found is None:
        return ""
    interval = f" ({found.low:.2f}-{found.high:.2f})" if with_interval else ""
    return f"{found.value:.3f}{interval}"


def _trained_on(assay: Assay) -> str:
    counts = assay.counts
    if "active" in counts:
        return f"{counts['active']:,} active of {counts['measured']:,}"
    return f"{counts['measured']:,} {assay.kind}" if counts else ""


def assay_table(facts: Mapping[str, Any]) -> Table:
    """A row an assay; scores are those that its grade goes by."""
    part, scores = _scores(facts["metrics"])
    tasks = facts["tasks"]
    sheet = {assay["id"]: assay for assay in facts["assays"]}
    columns: dict[str, list[str]] = {"assay": tasks, **_outcomes(facts)}
    for head in dict.fromkeys(SHOWN.values()):
        columns[head] = [_score(scores.get(task, {}), head) for task in tasks]
    columns["grade"] = [sheet[task]["grade"] or "" for task in tasks]
    notes = facts["annotations"]
    columns["about"] = [_about(sheet[task], notes.get(task)) for task in tasks]
    measured = f", scores on {part}" if part else ""
    table = Table(title=f"Assays{measured}", title_justify="left", box=box.SIMPLE)
    shown = {name: texts for name, texts in columns.items() if name == "assay" or any(texts)}
    for name in shown:
        is_text = name in ("assay", "kind", "grade", "about")
        table.add_column(
            name,
            justify="left" if is_text else "right",
            no_wrap=name != "about",
            overflow="fold",
        )
    for row in zip(*shown.values(), strict=True):
        table.add_row(*row)
    return table


def _scores(metrics: Mapping[str, Any]) -> tuple[str, Mapping[str, Mapping[str, Any]]]:
    """The held-out set that grades go by, else the last that was measured; scores by assay."""
    from bioassay_mtl.models.sheet_making import held_out_rows

    part, rows = held_out_rows(metrics)
    if rows:
        return part, rows
    parts = [(name, found) for name, found in metrics.items() if found and found.get("tasks")]
    name, found = parts[-1] if parts else ("", {"tasks": []})
    return name, {row["task"]: row for row in found["tasks"]}


def _about(assay: Mapping[str, Any], notes: Mapping[str, Any] | None) -> str:
    """The name and gene of an assay; where there is none, what the model notes of it."""
    named = [text for name in ("name", "gene") if (text := assay[name])]
    return ", ".join(named or map(str, filter(None, (notes or {}).values())))


def _score(row: Mapping[str, Any], head: str) -> str:
    found = (row.get(name) for name, shown in SHOWN.items() if shown == head)
    return next((f"{value:.3f}" for value in found if value is not None), "")


def _outcomes(facts: Mapping[str, Any]) -> dict[str, list[str]]:
    """Columns of the measured cells of the assays in training."""
    counts, kinds = facts["label_counts"], [kind["kind"] for kind in facts["kinds"]]
    columns: dict[str, list[str]] = {}
    if "binary" in kinds:
        for name in ("active", "inactive"):
            columns[name] = [
                f"{n:,}" if kind == "binary" else ""
                for n, kind in zip(counts[name], kinds, strict=True)
            ]
    if set(kinds) != {"binary"}:
        columns["measured"] = [f"{n:,}" for n in counts["measured"]]
        columns["kind"] = kinds
    return columns
