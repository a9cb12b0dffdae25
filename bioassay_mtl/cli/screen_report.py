"""Words of ``screen``: progress, summary, and the predictions that stand out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from bioassay_mtl.cli.console import PlainConsole
from bioassay_mtl.cli.terminal import say
from bioassay_mtl.errors import ConfigError, counted
from bioassay_mtl.screening.batch import ScreenedBatch
from bioassay_mtl.screening.best_values import BestValues, ValueHit
from bioassay_mtl.screening.hits import Hit, TellingHits, usual_shares
from bioassay_mtl.screening.options import ScreenOptions, choose_assays, columns_of_assays
from bioassay_mtl.screening.summary import ScreenSummary
from bioassay_mtl.tables import ReadProgress

if TYPE_CHECKING:
    from bioassay_mtl.models.description import ModelDescription

Watch = Callable[[ScreenedBatch], None]


Collector = TellingHits | BestValues


def collector(model: ModelDescription, options: ScreenOptions, show: int) -> Collector | None:
    """Collector of the ``show`` most telling predictions, or None for none."""
    if not show:
        return None
    columns = columns_of_assays(choose_assays(options.assays, model), model.kinds)
    shares = usual_shares(model)[columns]
    if np.isnan(shares).all():
        values = BestValues(model, options, show)
        if values.assays:
            return values
        raise ConfigError(
            "--show: classes and values have no usual share of actives to stand out from, and it "
            "is not known of any assay whether high or low values are good (better, in "
            "what the model's sheet is told of them); --top ranks them"
        )
    return TellingHits([model.columns[c] for c in columns], shares, show)


def order_of_values(model: ModelDescription, options: ScreenOptions) -> str:
    """Values that --top takes for the best; empty where all are probabilities."""
    if not any(kind.is_value for kind in model.kinds):
        return ""
    chosen = [model.tasks[task] for task in choose_assays(options.assays, model)]
    by_words: dict[str, list[str]] = {}
    for assay in model.sheet.of(chosen):
        if assay.is_value:
            by_words.setdefault(assay.direction_words, []).append(assay.id)
    return "; ".join(
        f"{shortened(', '.join(names), 60)}: "
        + (f"{words.split()[0]}est first ({words})" if words else UNKNOWN_ORDER)
        for words, names in by_words.items()
    )


UNKNOWN_ORDER = "highest first, though it is not known whether high or low is good"


@contextmanager
def progress_bar(reads: Sequence[ReadProgress], n_bytes: int | None) -> Iterator[Watch]:
    """A line on standard error, when that is a terminal: share read, molecules, rate.

    Parameters
    ----------
    reads
        Progress of the reading of each input.
    n_bytes
        Size of all inputs; None where it is not known.
    """
    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[molecules]:,} molecules, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    console = PlainConsole(stderr=True)
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
    hits: Collector | None,
    model: ModelDescription,
    *,
    as_json: bool,
    stdout_is_free: bool,
) -> None:
    """Print the hits, then the summary.

    Both leave standard output alone while results go there. Otherwise the hits are printed on it,
    or, with ``as_json``, the summary, which a script can then read by itself.
    """
    if hits is not None:
        console = PlainConsole(stderr=as_json or not stdout_is_free)
        if isinstance(hits, TellingHits):
            console.print(hits_table(hits, model, console.width))
        else:
            console.print(values_table(hits, model, console.width))
    show_summary(summary, as_json=as_json, stdout_is_free=stdout_is_free)


MARGIN = 0.1
"""Share of inactive hits beyond the promised one, by their own probabilities, that is told."""


def say_selected(summary: ScreenSummary, rate: float) -> None:
    """Say what a selection promises, and whether the probabilities of the hits agree."""
    say(
        f"{counted(summary.selected or 0, 'hit')} selected: of those of an assay, on average over "
        f"libraries like the model's panel, at most {rate:.0%} are inactive"
    )
    inactive = summary.selected_inactive or 0.0
    if inactive > rate + MARGIN:
        say(
            f"by their own probabilities {inactive:.0%} of these are: the promise is not for "
            "molecules unlike the panel's, nor for the hits of many assays together"
        )


def show_summary(summary: ScreenSummary, *, as_json: bool, stdout_is_free: bool) -> None:
    """Print the summary as :func:`show` does."""
    if as_json:
        stream = sys.stdout if stdout_is_free else sys.stderr
        stream.write(json.dumps(summary.to_dict()) + "\n")
    else:
        PlainConsole(stderr=True).print(summary_table(summary))


WHOLE = 100
ROOM = {
    "interval": (WHOLE, WHOLE),
    "usual": (WHOLE, WHOLE),
    "nearest": (WHOLE, WHOLE),
    "grade": (10, 10),
    "about": (12, 32),
    "alerts": (12, 24),
    "SMILES": (12, 60),
}
"""Columns that a narrow terminal may lack, the last ones first: at least and at most so wide."""

NUMBERS = ("active", "interval", "usual", "fold", "value", "beyond")

SAID = {
    "active": "predicted probability",
    "usual": "active share in the training data",
    "known": "trained on (and as what, where it was measured), no news from this model",
    "nearest": "similarity of the nearest training molecule",
    "interval": "in which the prediction likely lies",
    "beyond": "standard deviations from the mean of the training molecules, on the good side",
}
"""Meanings of columns of hits, where there are such."""


def hits_table(hits: TellingHits, model: ModelDescription, width: int) -> Table:
    """The most telling molecules, each beside what is usual for the assay.

    Assays and numbers are never cut; a narrow terminal has room for fewer columns, and for the
    most important ones first (:data:`ROOM`). What an assay is stands below where it lacks room.
    """
    best = hits.best()
    title = "Molecules furthest above the usual, each in its most telling assay"
    columns = _shared_columns(best, model) | {
        "active": [f"{hit.probability:.3f}" for hit in best],
        "interval": _intervals(best, "{:.3f}"),
        "usual": [f"{hit.share:.2%}" for hit in best],
        "fold": [f"{hit.fold:,.0f} x" if hit.fold >= 9.95 else f"{hit.fold:.1f} x" for hit in best],
    }
    return _fitted(title, columns, width)


def values_table(hits: BestValues, model: ModelDescription, width: int) -> Table:
    """The molecules of the best values, each in the assay where it is furthest from the mean."""
    best = hits.best()
    known = {assay.id: assay for assay in hits.assays}
    title = "Molecules of the best values, each in its best assay"
    columns = _shared_columns(best, model) | {
        "good": [known[hit.assay].direction_words for hit in best],
        "value": [f"{hit.value:.4g} {known[hit.assay].unit}".rstrip() for hit in best],
        "interval": _intervals(best, "{:.4g}"),
        "beyond": [f"{hit.beyond:.1f} SD" for hit in best],
    }
    return _fitted(title, columns, width)


def _shared_columns(
    best: Sequence[Hit | ValueHit], model: ModelDescription
) -> dict[str, list[str]]:
    """Columns of any hit."""
    from bioassay_mtl.report.said import nearness  # brings PyTorch, loaded by now

    sheet = model.sheet.of([hit.assay for hit in best])
    return {
        "molecule": [shortened(hit.id or f"row {hit.row}", 16) for hit in best],
        "SMILES": [hit.smiles for hit in best],
        "alerts": [hit.beside.get("alerts", "") for hit in best],
        "assay": [hit.assay for hit in best],
        "known": [
            hit.beside.get("known", "") or ("yes" if hit.in_training else "") for hit in best
        ],
        "about": [assay.about for assay in sheet],
        "grade": [assay.grade or "" for assay in sheet],
        "nearest": [nearness(hit.beside) for hit in best],
    }


def _intervals(best: Sequence[Hit | ValueHit], digits: str) -> list[str]:
    """Intervals, with the digits that predictions are shown with."""
    from bioassay_mtl.report.said import interval

    return [interval(hit.beside, digits.format) for hit in best]


def _fitted(title: str, columns: dict[str, list[str]], width: int) -> Table:
    """A table of those columns that there is room for."""
    widest = {name: max(map(len, (name, *texts))) for name, texts in columns.items()}
    gap = 3  # around and between columns
    whole = columns = {name: texts for name, texts in columns.items() if any(texts)}
    columns = dict(whole)
    fixed = [widest[name] + gap for name in columns if name not in ROOM]
    room = width - 2 - sum(fixed)
    for name in [name for name in ROOM if name in columns]:
        least, most = ROOM[name]
        share = min(widest[name], most, room - gap)
        if share < min(least, widest[name]):
            del columns[name]
            continue
        columns[name] = [shortened(text, share) for text in columns[name]]
        room -= share + gap
    meanings = "; ".join(f"{name}: {said}" for name, said in SAID.items() if name in columns)
    table = Table(
        title=title,
        title_justify="left",
        caption="\n".join([meanings, *_said_below(whole, columns)]),
        caption_justify="left",
        box=box.SIMPLE,
    )
    for name in columns:
        is_number = name in NUMBERS
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    return table


def _said_below(whole: Mapping[str, list[str]], shown: Mapping[str, list[str]]) -> list[str]:
    """A line on each assay, once: its name and grade, where the table has no room for them."""
    absent = [whole[name] for name in ("about", "grade") if name in whole and name not in shown]
    if not absent:
        return []
    texts = zip(whole["assay"], *absent, strict=True)
    said = {assay: ", ".join(text for text in others if text) for assay, *others in texts}
    return [f"{assay}: {text}" for assay, text in said.items() if text]


def shortened(text: str, width: int) -> str:
    """The text, cut to a width."""
    return text if len(text) <= width else text[: width - 1] + "…"


def summary_table(summary: ScreenSummary) -> Table:
    """Records by status, and what each stage took."""
    where = "" if summary.output == "-" else f" -> {summary.output}"
    size = f"{counted(summary.rows, 'record')} x {counted(summary.assays, 'assay')}"
    table = Table(
        title=f"{size} ({summary.model}){where}",
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
        if seconds
    ]
    for line in range(max(len(statuses), len(stages))):
        left = statuses[line] if line < len(statuses) else ("", "")
        right = stages[line] if line < len(stages) else ("", "", "")
        table.add_row(*left, *right)
    if summary.in_training:
        known = counted(summary.in_training, "record")
        table.caption = f"the model was trained on {known} of these (in_training)"
        table.caption_justify = "left"
    return table
