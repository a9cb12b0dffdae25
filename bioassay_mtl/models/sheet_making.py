"""An assay sheet from what a model knows of itself: counts, held-out scores, annotations."""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol

from bioassay_mtl.metrics.grading import RULE, grade, scores_of
from bioassay_mtl.models.assay_sheet import NAME, Assay, AssaySheet, Described, Figure, HeldOut
from bioassay_mtl.tasks.kinds import TaskKind
from bioassay_mtl.tasks.limits import Limits

CHOSE_THE_EPOCH = "valid"
"""Rows that were not held out."""
NO_ROWS = "no held-out rows"


class Assayed(Protocol):
    """Interface of what a sheet is made from: a model's description has it."""

    tasks: tuple[str, ...]
    kinds: tuple[TaskKind, ...]
    label_counts: dict[str, Any]
    annotations: dict[str, dict[str, str]]
    beside: MutableMapping[str, Any]


def sheet_of(
    model: Assayed,
    metrics: Mapping[str, Any] | None = None,
    known: Mapping[str, Described] | None = None,
) -> AssaySheet:
    """Make the sheet of a model.

    Parameters
    ----------
    model
        Model whose counts and annotations the sheet holds.
    metrics
        Metrics by subset of the rows, as in ``metrics.json``: the figures are those of the held-out
        part of the most molecules.
    known
        Facts of assays, by identifier.
    """
    part, rows = held_out_rows(metrics or {})
    assays = [
        _assay(model, place, task, kind, part, rows.get(task))
        for place, (task, kind) in enumerate(zip(model.tasks, model.kinds, strict=True))
    ]
    return AssaySheet(assays=tuple(assays), rule=RULE).described(known or {})


def sheet_for(model: Assayed) -> AssaySheet:
    """The sheet beside a model; of one that was saved without, what it knows of itself."""
    found = model.beside.get(NAME)
    return found if found is not None else sheet_of(model, getattr(model, "metrics", None))


def held_out_rows(metrics: Mapping[str, Any]) -> tuple[str, dict[str, Mapping[str, Any]]]:
    """The held-out set of the most molecules, and its scores by assay."""
    parts = {
        name: found
        for name, found in metrics.items()
        if name != CHOSE_THE_EPOCH and found and found.get("tasks")
    }
    if not parts:
        return "", {}
    name = max(parts, key=lambda each: int(parts[each].get("n_molecules", 0)))
    return name, {row["task"]: row for row in parts[name]["tasks"]}


def _assay(
    model: Assayed,
    place: int,
    task: str,
    kind: TaskKind,
    part: str,
    row: Mapping[str, Any] | None,
) -> Assay:
    scores = scores_of(row) if row else {}
    graded = grade(scores)
    held = None if row is None else _held_out(part, row, scores)
    facts: dict[str, Any] = dict(model.annotations.get(task, {}))
    facts |= _limits(model.beside.get("limits"), place)
    return Assay(
        id=task,
        kind=kind.kind,
        unit=getattr(kind, "unit", ""),
        counts=_counts(model.label_counts, place, kind),
        held_out=held,
        grade=graded,  # type: ignore[arg-type]
        why="" if graded else _why(row, kind),
        **{name: facts[name] for name in Described.model_fields if name in facts},
    )


def _limits(limits: Limits | None, place: int) -> dict[str, float]:
    """The least and the most that values can be, as far as there is one."""
    if limits is None:
        return {}
    ends = {"least": float(limits.low[place]), "most": float(limits.high[place])}
    return {name: end for name, end in ends.items() if math.isfinite(end)}


def _held_out(part: str, row: Mapping[str, Any], scores: Mapping[str, Any]) -> HeldOut:
    is_binary = "n_measured" not in row or row.get("kind") == "binary"
    binary = int(row.get("n_actives", 0)) + int(row.get("n_inactives", 0))
    figures = {
        name: Figure(value=each.value, low=each.low, high=each.high, chance=each.chance)
        for name, each in scores.items()
    }
    return HeldOut(
        rows=part,
        measured=int(row.get("n_measured", binary)),
        active=int(row["n_actives"]) if is_binary else None,
        scores=figures,
    )


def _why(row: Mapping[str, Any] | None, kind: TaskKind) -> str:
    """Reason why an assay has no grade."""
    if row is None:
        return NO_ROWS
    return f"held-out rows lack {'an active or an inactive' if kind.has_actives else 'outcomes'}"


def _counts(counts: Mapping[str, Any], place: int, kind: TaskKind) -> dict[str, int]:
    """Measured cells of an assay in training; nothing where they are not known."""
    if not counts:
        return {}
    found = {}
    if kind.has_actives:
        found = {name: int(counts[name][place]) for name in ("active", "inactive")}
    measured = counts["measured"][place] if "measured" in counts else sum(found.values())
    return {**found, "measured": int(measured)}
