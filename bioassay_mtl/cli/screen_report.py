"""What ``screen`` tells people: progress, summary, and the predictions that stand out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from bioassay_mtl.data.readers import ReadProgress
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.hits import TellingHits
from bioassay_mtl.screening.options import ScreenOptions, choose_assays
from bioassay_mtl.screening.summary import ScreenSummary

if TYPE_CHECKING:
    from bioassay_mtl.nn.pending import PendingModel

Watch = Callable[[ScreenedBatch], None]


def collector(model: PendingModel, options: ScreenOptions, show: int) -> TellingHits | None:
    """What keeps the ``show`` most telling predictions, or None for none."""
    if not show:
        return None
    columns = choose_assays(options.assays, model.tasks)
    active = np.array(model.label_counts["active"], dtype=float)
    measured = active + np.array(model.label_counts["inactive"], dtype=float)
    # One pseudo-count: an assay of which no active was seen is rare, not impossible.
    shares = (active + 1) / (measured + 1)
    return TellingHits([model.tasks[c] for c in columns], shares[columns], show)


@contextmanager
def progress_bar(reads: Sequence[ReadProgress], n_bytes: int | None) -> Iterator[Watch]:
    """A line on standard error, when that is a terminal: share read, molecules, rate.

    Parameters
    ----------
    reads
        How far each input is read.
    n_bytes
        Size of all inputs; None where it is not known.
    """
    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[molecules]:,} molecules, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("screening", total=n_bytes, molecules=0, rate=0.0)
        start = time.perf_counter()

        def step(batch: ScreenedBatch) -> None:
            molecules = batch.rows.stop - 1
            rate = molecules / (time.perf_counter() - start)
            done = sum(read.done for read in reads)
            bar.update(task, completed=done, molecules=molecules, rate=rate)

        yield step


def size_of(inputs: Sequence[str]) -> int | None:
    """Bytes of all files together, or None where one is no plain file."""
    paths = [Path(name) for name in inputs]
    return sum(p.stat().st_size for p in paths) if all(p.is_file() for p in paths) else None


def show(
    summary: ScreenSummary,
    hits: TellingHits | None,
    model: PendingModel,
    *,
    as_json: bool,
    stdout_is_free: bool,
) -> None:
    """Print the hits, then the summary.

    Both leave standard output alone while results go there. Otherwise the hits are printed on it,
    or, with ``as_json``, the summary, which a script can then read by itself.
    """
    if hits is not None:
        console = Console(stderr=as_json or not stdout_is_free, highlight=False)
        console.print(hits_table(hits, model, console.width))
    if as_json:
        stream = sys.stdout if stdout_is_free else sys.stderr
        stream.write(json.dumps(summary.to_dict()) + "\n")
    else:
        Console(stderr=True).print(summary_table(summary))


def hits_table(hits: TellingHits, model: PendingModel, width: int) -> Table:
    """The most telling predictions, each beside what is usual for the assay."""
    about = {assay: ", ".join(filter(None, a.values())) for assay, a in model.annotations.items()}
    rows = [
        [
            hit.id or f"row {hit.row}",
            hit.smiles,
            hit.assay,
            *([shortened(about.get(hit.assay, ""), 24)] if about else []),
            f"{hit.probability:.3f}",
            f"{hit.share:.2%}",
            f"{hit.fold:,.0f} x" if hit.fold >= 9.95 else f"{hit.fold:.1f} x",
        ]
        for hit in hits.best()
    ]
    names = ["molecule", "SMILES", "assay", *(["about"] if about else [])]
    numbers = ["active", "usual", "fold"]
    widest = [max(map(len, column)) for column in zip(names + numbers, *rows, strict=True)]
    room = width - (sum(widest) - widest[1]) - 3 * len(widest) - 2
    for row in rows:  # SMILES get what the other columns leave
        row[1] = shortened(row[1], max(12, room))
    table = Table(
        title="Predictions furthest above the usual",
        title_justify="left",
        caption="active: predicted probability; usual: active share in the training data",
        caption_justify="left",
        box=box.SIMPLE,
    )
    for name in names:
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def shortened(text: str, width: int) -> str:
    """The text, cut to a width."""
    return text if len(text) <= width else text[: width - 1] + "…"


def summary_table(summary: ScreenSummary) -> Table:
    """Records by status, and what each stage took."""
    where = "" if summary.output == "-" else f" -> {summary.output}"
    table = Table(
        title=f"{summary.rows:,} records x {summary.assays} assays ({summary.model}){where}",
        title_justify="left",
        box=box.SIMPLE,
    )
    table.add_column("status")
    table.add_column("records", justify="right")
    table.add_column("stage")
    table.add_column("seconds", justify="right")
    table.add_column("molecules/s", justify="right")
    statuses = [(status, f"{count:,}") for status, count in summary.statuses.items()]
    rates = summary.molecules_per_second
    stages = [
        (stage, f"{seconds:.2f}", "" if (rate := rates[stage]) is None else f"{rate:,.0f}")
        for stage, seconds in summary.seconds.items()
    ]
    for line in range(max(len(statuses), len(stages))):
        left = statuses[line] if line < len(statuses) else ("", "")
        right = stages[line] if line < len(stages) else ("", "", "")
        table.add_row(*left, *right)
    return table
