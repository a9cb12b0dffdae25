"""The assays of a model, one by one: outcomes, scores, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table

SHOWN = {"roc_auc": "AUC", "average_precision": "AP", "r2": "R2", "concordance": "concordance"}
SHOWN |= {"roc_auc_ovr": "AUC", "balanced_accuracy": "balanced accuracy", "rmse": "RMSE"}
"""Metrics by their heads, those of one head in one column."""


def assay_table(facts: Mapping[str, Any]) -> Table:
    """A row an assay; scores are those of the last part that was measured assay by assay."""
    part, scores = _scores(facts["metrics"])
    about = {task: ", ".join(map(str, known.values())) for task, known in _about(facts).items()}
    heads = [
        *dict.fromkeys(head for n, head in SHOWN.items() if any(n in s for s in scores.values()))
    ]
    measured = f", scores on {part}" if part else ""
    table = Table(title=f"Assays{measured}", title_justify="left", box=box.SIMPLE)
    table.add_column("assay", overflow="fold")
    table.add_column("trained on", no_wrap=True)
    for head in heads:
        table.add_column(head, justify="right")
    if about:
        table.add_column("about", overflow="fold")
    for place, task in enumerate(facts["tasks"]):
        cells = [_score(scores.get(task, {}), head) for head in heads]
        known = [about.get(task, "")] if about else []
        table.add_row(task, _outcomes(facts, place), *cells, *known)
    return table


def _scores(metrics: Mapping[str, Any]) -> tuple[str, dict[str, dict[str, Any]]]:
    """A part, and its scores by assay."""
    parts = [(name, found) for name, found in metrics.items() if found and found.get("tasks")]
    if not parts:
        return "", {}
    name, found = parts[-1]
    return name, {row["task"]: row for row in found["tasks"]}


def _about(facts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {task: known for task, known in facts["annotations"].items() if known}


def _score(row: Mapping[str, Any], head: str) -> str:
    found = (row.get(name) for name, shown in SHOWN.items() if shown == head)
    return next((f"{value:.3f}" for value in found if value is not None), "")


def _outcomes(facts: Mapping[str, Any], place: int) -> str:
    """Measured cells of an assay in training."""
    counts = facts["label_counts"]
    if facts["kinds"][place]["kind"] == "binary":
        return f"{counts['active'][place]:,} active, {counts['inactive'][place]:,} inactive"
    return f"{counts['measured'][place]:,} {facts['kinds'][place]['kind']}"
