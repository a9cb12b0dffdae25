"""The tables that ``panel check`` prints."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from bioassay_mtl.panels.decisions import Role
from bioassay_mtl.panels.row_log import Outcome
from bioassay_mtl.tables.table import line_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from bioassay_mtl.panels.load import Loaded

_SHOWN = 20
_EXAMPLES = 3
_CELLS = 50


def show(loaded: Loaded, console: Console) -> None:
    """Print the decision about each column, the assays, and the rows by what becomes of them."""
    console.print(_columns(loaded), "", sep="\n")
    for note in loaded.log.notes:
        console.print(note.text, style="dim")
    console.print(_assays(loaded), "", _outcomes(loaded), sep="\n")
    if cells := _unread(loaded):
        more = f" and {len(cells) - _CELLS:,} more" if len(cells) > _CELLS else ""
        console.print(f"\ncells left out: {'; '.join(cells[:_CELLS])}{more}")
    if any(each.role is Role.OTHER for each in loaded.columns):
        console.print("\n--task NAME:KIND makes an assay of a column, --task NAME:none none")


def _unread(loaded: Loaded) -> list[str]:
    """Cells that cannot be read, each with its line."""
    return [
        f"line {line_of(event.file, row, loaded.log.options)}, {event.column}: {text[:60]!r}"
        for event in loaded.log.events
        if event.outcome is Outcome.UNREADABLE
        for row, text in zip(event.rows.tolist(), event.details, strict=True)
    ][: 10 * _CELLS]


def _columns(loaded: Loaded) -> Table:
    """Decisions on all columns, and why; the first ones of many that are alike."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("column", "taken as", "kind", "because"):
        table.add_column(title)
    alike = Counter(each[1:4] for each in loaded.columns)
    told: Counter[tuple[Role, str, str]] = Counter()
    for each in loaded.columns:
        _, role, kind, reason, _ = each
        told[role, kind, reason] += 1
        number = told[role, kind, reason]
        if number <= _SHOWN:
            table.add_row(each.column or "''", role.value, kind, reason)
        elif number == alike[role, kind, reason]:
            table.add_row(f"and {number - _SHOWN:,} more", role.value, kind, reason)
    return table


def _assays(loaded: Loaded) -> Table:
    from rich.table import Table

    panel = loaded.panel
    table = Table(box=None, pad_edge=False)
    table.add_column("assay")
    table.add_column("kind", no_wrap=True)
    table.add_column("molecules", justify="right", no_wrap=True)
    table.add_column("labels")
    for place, (task, kind) in enumerate(zip(panel.tasks, panel.kinds, strict=True)):
        if place == _SHOWN:
            table.add_row(f"and {len(panel.tasks) - _SHOWN:,} more", "", "", "")
            break
        _, labels, bounds = panel.cells.of_task(place)
        if kind.outcomes:
            counts = np.bincount(labels.astype(np.int64), minlength=len(kind.outcomes))
            pairs = list(zip(counts, kind.outcomes, strict=True))
            said = ", ".join(f"{c:,} {n}" for c, n in (pairs[::-1] if kind.has_actives else pairs))
        elif len(labels):
            unit = getattr(kind, "unit", "")
            said = f"{labels.min():.4g} to {labels.max():.4g}{' ' + unit if unit else ''}"
            bounded = 0 if bounds is None else np.count_nonzero(bounds)
            said += f", {bounded:,} bounds" if bounded else ""
        else:
            said = "nothing measured"
        table.add_row(task, kind.kind, f"{len(labels):,}", said)
    return table


def _outcomes(loaded: Loaded) -> Table:
    from rich.table import Table

    log = loaded.log
    table = Table(box=None, pad_edge=False)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("what becomes of them")
    table.add_column("such as")
    table.add_row(f"{loaded.n_rows - log.touched():,}", "kept as they are", "")
    for outcome, count in log.counts().items():
        event = next(event for event in log.events if event.outcome is outcome)
        examples = []
        for row, detail in list(zip(event.rows.tolist(), event.details, strict=True))[:_EXAMPLES]:
            about = ": ".join(part for part in (event.column, detail) if part)
            examples.append(
                f"line {line_of(event.file, row, loaded.log.options)} {about[:60]}".strip()
            )
        table.add_row(f"{count:,}", outcome.value, "; ".join(examples))
    return table
