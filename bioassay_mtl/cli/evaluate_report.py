"""Metrics for people to read."""

from __future__ import annotations

from rich import box
from rich.table import Table

from bioassay_mtl.data.metrics.evaluation import Evaluation


def evaluation_table(found: Evaluation, *, n_model_assays: int, left_out: int) -> Table:
    """The mean of each metric over the assays, with its interval."""
    n_used = int(found.evaluable.sum())
    table = Table(
        title=f"{found.n_molecules:,} molecules, mean over {n_used} of {n_model_assays} assays",
        title_justify="left",
        box=box.SIMPLE,
    )
    table.add_column("metric")
    table.add_column("mean", justify="right")
    intervals = found.macro_intervals
    if intervals is not None:
        table.add_column("95 % interval", justify="right")
    for name, value in found.macro.items():
        ends = (
            () if intervals is None else (f"{intervals[name][0]:.4f} to {intervals[name][1]:.4f}",)
        )
        table.add_row(name, f"{value:.4f}", *ends)
    notes = []
    if found.degenerate:
        notes.append(f"without an active or an inactive: {', '.join(found.degenerate)}")
    if left_out:
        notes.append(f"{left_out:,} molecules could not be read and were left out")
    if notes:
        table.caption, table.caption_justify = "\n".join(notes), "left"
    return table
