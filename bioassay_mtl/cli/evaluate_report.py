"""Metrics for people to read."""

from __future__ import annotations

import math

from rich import box
from rich.table import Table

from bioassay_mtl.errors import counted
from bioassay_mtl.metrics.chance import by_chance, is_beyond_chance
from bioassay_mtl.metrics.evaluation import Evaluation
from bioassay_mtl.models.assay_names import named
from bioassay_mtl.models.assay_sheet import AssaySheet
from bioassay_mtl.report.kinds.binary import LEAST_FOR_TOP


def evaluation_table(
    found: Evaluation, *, n_model_assays: int, left_out: int, sheet: AssaySheet
) -> Table:
    """The mean of each metric over the assays, with its interval, beside what chance gives."""
    n_used = int(found.evaluable.sum())
    table = Table(
        title=f"{counted(found.n_molecules, 'molecule')}, mean over {n_used} of "
        f"{counted(n_model_assays, 'assay')}",
        title_justify="left",
        box=box.SIMPLE,
    )
    table.add_column("metric")
    table.add_column("mean", justify="right")
    by_kind = found.kind_macro_intervals
    if by_kind:
        table.add_column("95 % interval", justify="right")
    table.add_column("by chance", justify="right")
    is_mixed = found.is_mixed
    for kind, macro in found.kind_macro.items():
        chance = by_chance(found, kind)
        for name, value in macro.items():
            ends = [f"{a:.4f} to {b:.4f}" for a, b in [by_kind[kind][name]]] if by_kind else []
            cells = [f"{value:.4f}", *ends] if math.isfinite(value) else ["-", *([""] * len(ends))]
            base = f"{chance[name]:.4g}" if name in chance else ""
            table.add_row(f"{kind} {name}" if is_mixed else name, *cells, base)
    notes = [
        f"{f'{kind} assays: ' if is_mixed else ''}not to be told from chance"
        for kind, ends in by_kind.items()
        if ends
        and math.isfinite(next(iter(found.kind_macro[kind].values())))
        and not is_beyond_chance(found, kind)
    ]
    binary = found.evaluable & [kind.has_actives for kind in found.kinds]
    if few := int((binary & (found.n_measured < LEAST_FOR_TOP)).sum()):
        notes.append(
            f"enrichment_factor says little: in {few} of {counted(int(binary.sum()), 'assay')} the "
            "best 1 % are fewer than ten molecules"
        )
    if found.degenerate:
        what = "two outcomes" if is_mixed else "an active or an inactive"
        notes.append(f"without {what}: {named(sheet.of(found.degenerate))}")
    if left_out:
        notes.append(f"left out, as they could not be read: {counted(left_out, 'molecule')}")
    if notes:
        table.caption, table.caption_justify = "\n".join(notes), "left"
    return table
