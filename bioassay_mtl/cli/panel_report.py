"""The tables that ``panel check`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bioassay_mtl.tables.table import line_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from bioassay_mtl.panels.load import Loaded

_SHOWN = 20
_EXAMPLES = 3


def show(loaded: Loaded, console: Console) -> None:
    """Print the assays, and the rows by what becomes of them."""
    for note in loaded.log.notes:
        console.print(note, style="dim")
    console.print(_assays(loaded), "", _outcomes(loaded), sep="\n")
    names = [f"{name or repr(name)} ({what})" for name, what in loaded.log.left_out.items()]
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        listed = ", ".join(names[:_SHOWN]) + more
        console.print(f"\nno assays: {listed}; --task NAME:KIND makes one of them")


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
            examples.append(f"line {line_of(event.file, row)} {about[:60]}".strip())
        table.add_row(f"{count:,}", outcome.value, "; ".join(examples))
    return table
