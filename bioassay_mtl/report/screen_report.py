"""The page about a screen: what was found, where, and what became of every record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bioassay_mtl.errors import counted
from bioassay_mtl.files import write_whole
from bioassay_mtl.report.about import about_columns
from bioassay_mtl.report.cards import cards
from bioassay_mtl.report.hit_reasons import HitReasons
from bioassay_mtl.report.molecule import HEIGHT, WIDTH, molecule
from bioassay_mtl.report.page import (
    Section,
    facts,
    figure,
    heading,
    join,
    key_figures,
    page,
    paragraph,
)
from bioassay_mtl.report.plot import Axis, Plot, sparkline
from bioassay_mtl.report.reasons import drawing
from bioassay_mtl.report.said import sentences
from bioassay_mtl.report.table import Column, table
from bioassay_mtl.report.tally import FOLD, THRESHOLDS, Best, Predicted, ScreenTally
from bioassay_mtl.report.templates import piece
from bioassay_mtl.report.wording import UNKNOWN, brief, number, percent, shortened
from bioassay_mtl.screening.hits import Hit
from bioassay_mtl.screening.summary import ScreenSummary

if TYPE_CHECKING:
    from bioassay_mtl.explain import Explanation

MOST_SPARKLINES = 500
ASSAYS_PER_HIT = 3


def screen_report(
    summary: ScreenSummary, tally: ScreenTally, reasons: HitReasons | None = None
) -> str:
    """HTML of a screen's report: one file that stands alone.

    Parameters
    ----------
    summary
        Summary that the screen returned.
    tally
        Tally of the screen, from :func:`screen_tally`.
    reasons
        Reasons of the hits, from :func:`~bioassay_mtl.report.hit_reasons.hit_reasons`: their atoms
        get colors.
    """
    rate = summary.molecules_per_second.get("total")
    key = [
        ("Records", f"{summary.rows:,}", f"{tally.n_ok:,} predicted"),
        ("Assays", f"{summary.assays:,}", summary.model),
    ]
    if len(tally.at_outcomes):
        share = tally.rows_above / max(tally.n_ok, 1)
        likely = counted(tally.rows_above, "molecule")
        key.append(
            (
                "Probability 0.5 or more",
                f"{percent(share)}",
                f"{likely} likely active in some assay",
            )
        )
    key.append(
        (
            "Molecules per second",
            UNKNOWN if rate is None else f"{rate:,.0f}",
            f"{brief(summary.seconds['total'])} s in all",
        )
    )
    return page(
        f"Screen with {summary.model}",
        f"Screen report, {counted(summary.rows, 'record')}",
        paragraph(_lead(summary, tally)) + key_figures(key),
        [
            Section("hits", "Top hits", _hits(tally, reasons or {})),
            Section("known", "Known molecules", _known_hits(tally)),
            Section("assays", "Assays", _assays(tally)),
            Section("records", "Records", _statuses(summary)),
            Section("run", "The run", _run(summary)),
        ],
    )


def write_screen_report(
    summary: ScreenSummary,
    tally: ScreenTally,
    path: str | Path,
    reasons: HitReasons | None = None,
) -> Path:
    """Write :func:`screen_report` to a file."""
    path = Path(path)
    write_whole(path, screen_report(summary, tally, reasons))
    return path


def _lead(summary: ScreenSummary, tally: ScreenTally) -> str:
    if not tally.n_ok:
        return "No record could be predicted: the statuses below say why."
    text = f"{counted(tally.n_ok, 'molecule')} predicted in {counted(summary.assays, 'assay')}. "
    if summary.in_training:
        text += f"The model was trained on {summary.in_training:,} of them: no news of these. "
    if not len(tally.at_outcomes):
        return text
    above = tally.above[tally.at_outcomes, 0]
    reached = above > 0
    if not reached.any():
        return text + (
            "No probability of being active reaches 0.5: look at how far predictions exceed the "
            "usual."
        )
    most = tally.columns[tally.at_outcomes[above.argmax()]]
    return text + (
        f"In {counted(int(reached.sum()), 'assay')} some molecule is more likely active than "
        f"not; {most.name}{_called(most)} has most of them, {above.max():,}."
    )


def _called(column: Predicted) -> str:
    return f" ({column.assay.title})" if column.assay.title else ""


COLORS = (
    " Orange atoms raise the prediction in one assay, blue atoms lower it, against an empty input."
)


def _hits(tally: ScreenTally, reasons: HitReasons) -> Markup:
    hits = tally.hits(known=False)
    if hits:
        text = (
            "Molecules, new to the model, whose prediction says most beyond an assay's usual share "
            "of actives, each "
            f"with its {ASSAYS_PER_HIT} most telling assays: predicted probability, and how many "
            "times the usual share that is."
        )
        text += COLORS if reasons else ""
        cards = [_hit_card(tally, hit, p, reasons.get((hit.row, hit.assay))) for hit, p in hits]
        return paragraph(text) + _cards(cards)
    return _best_values(tally, reasons) or _largest(tally)


def _best_values(tally: ScreenTally, reasons: HitReasons) -> Markup:
    """The best molecules of the first assays of values, assay by assay."""
    found = [(tally.columns[c], best) for c, held in tally.leading.items() for best in held]
    if not found:
        return Markup()
    shown = {column.name: column.assay.direction for column, _ in found}
    of = "the assay" if len(tally.at_values) == 1 else f"each of {counted(len(shown), 'assay')}"
    unknown = [name for name, direction in shown.items() if not direction]
    text = f"Molecules of the best predictions, for {of}."
    if unknown:
        text += (
            f" Of {shortened(', '.join(unknown), 200)} it is not known whether high or low values "
            "are good: highest first."
        )
    text += COLORS if reasons else ""
    return paragraph(text) + _cards(
        [_value_card(c, b, reasons.get((b.row, c.name))) for c, b in found]
    )


def _value_card(column: Predicted, best: Best, reason: Explanation | None = None) -> Markup:
    direction = column.assay.direction_words
    given = (column.name, _known(column), brief(best.value), column.unit, direction)
    return _card(best, [piece("cards", "value_line", *given)], reason=reason, shown=brief)


def _largest(tally: ScreenTally) -> Markup:
    """The molecule of the largest prediction, where there are neither shares nor values."""
    found = [(c, best) for c, best in zip(tally.columns, tally.best, strict=True) if best]
    if not found:
        return Markup()
    text = "The molecule of the largest prediction, for the first assays."
    return paragraph(text) + _cards([_value_card(c, best) for c, best in found[:12]])


def _known(column: Predicted) -> str:
    """Facts of an assay, beside its identifier on a card."""
    return ", ".join(filter(None, (column.assay.title, column.assay.grade)))


def _known_hits(tally: ScreenTally) -> Markup:
    hits = tally.hits(known=True)
    if not hits:
        return Markup()
    text = (
        "The same of molecules that the model was trained on: what it says of them is no news, and "
        "what was measured says more."
    )
    return paragraph(text) + _cards([_hit_card(tally, hit, p) for hit, p in hits])


def _cards(found: list[Markup]) -> Markup:
    return cards(found, are_molecules=True)


def _hit_card(
    tally: ScreenTally,
    hit: Hit,
    predictions: NDArray[np.float32],
    reason: Explanation | None = None,
) -> Markup:
    with np.errstate(invalid="ignore", divide="ignore"):
        folds = np.nan_to_num(np.where(predictions > 0, predictions / tally.shares, 0), nan=0)
        bits = np.where(folds > 1, predictions * np.log2(np.maximum(folds, 1)), 0)
    chosen = [at for at in np.argsort(-bits, kind="stable")[:ASSAYS_PER_HIT] if bits[at] > 0]
    lines = [
        piece(
            "cards",
            "hit_line",
            tally.columns[at].name,
            _known(tally.columns[at]),
            number(float(predictions[at])),
            brief(float(folds[at])),
        )
        for at in chosen
    ]
    best = Best(hit.probability, hit.row, hit.id, hit.smiles, hit.in_training, hit.beside)
    return _card(best, lines, hit.assay, reason)


def _card(
    best: Best,
    lines: list[Markup],
    assay: str = "",
    reason: Explanation | None = None,
    shown: Callable[[float], str] = number,
) -> Markup:
    """Card of a molecule; `assay` is the one that its values are of, where there are several."""
    name = best.id or f"row {best.row}"
    known = ["the model was trained on it"] if best.in_training else []
    said = [f"colors of atoms: {reason.column}"] if reason else []
    said += [shortened(each, 160) for each in sentences(best.beside, assay, shown)]
    return piece(
        "cards",
        "hit",
        molecule(best.smiles, name)
        if reason is None
        else drawing(reason, width=WIDTH, height=HEIGHT),
        name,
        best.smiles,
        shortened(name),
        [*_notes(known), *lines, *_notes(said)],
        shortened(best.smiles, 160),
    )


def _notes(texts: list[str]) -> list[Markup]:
    return [piece("cards", "note", text) for text in texts]


def _assays(tally: ScreenTally) -> Markup:
    if not tally.n_ok:
        return Markup()
    parts = []
    if len(tally.at_outcomes):
        parts += [_overview(tally), _outcome_table(tally)]
    if len(tally.at_classes):
        parts.append(_class_table(tally))
    if len(tally.at_values):
        parts.append(_value_table(tally))
    return join(parts)


def _overview(tally: ScreenTally) -> Markup:
    of_outcomes = np.isin(tally.at_probabilities, tally.at_outcomes)
    counts = tally.probabilities.counts[of_outcomes].sum(axis=0)
    x = Axis.powers(1e-4, 1, "predicted probability")
    shares = counts / counts.sum()
    top = float(shares.max())
    y = Axis(0, top, "share of all predictions", (0, top), ("0", percent(top)))
    plot = Plot(x, y).bars(tally.probabilities.edges, shares)
    return figure(
        plot.svg("Distribution of all predicted probabilities"),
        "All predictions together. The first bar holds those below 0.0001 too.",
    )


def _outcome_table(tally: ScreenTally) -> Markup:
    order = np.lexsort((-tally.telling, -tally.above[:, 0]))
    order = order[np.isin(order, tally.at_outcomes)]
    return paragraph(
        "Molecules above a probability, and above a multiple of the assay's usual share of "
        "actives. Small drawings: distribution of its predictions, on a logarithmic scale.",
        "note",
    ) + _probability_table(tally, order, "Predictions in each assay", "Assay")


def _class_table(tally: ScreenTally) -> Markup:
    said = "Molecules above a probability of the class: of these, an assay's classes add up to 1."
    return (
        heading("Classes")
        + paragraph(said, "note")
        + _probability_table(tally, tally.at_classes, "Predictions of each class", "Class")
    )


def _probability_table(
    tally: ScreenTally, order: NDArray[np.intp], title: str, name: str
) -> Markup:
    place = {column: at for at, column in enumerate(tally.at_probabilities.tolist())}
    largest = [best.value if (best := tally.best[c]) else np.nan for c in order.tolist()]
    columns = [
        Column(f"≥ {threshold}", [f"{n:,}" for n in tally.above[order, at].tolist()])
        for at, threshold in enumerate(THRESHOLDS)
    ]
    if np.isfinite(tally.shares[order]).any():
        columns += [
            Column(f"≥ {FOLD:g}× usual", [f"{n:,}" for n in tally.telling[order].tolist()]),
            Column("Usual share", [percent(share) for share in tally.shares[order].tolist()]),
        ]
    columns += [
        Column("Highest", [number(value) for value in largest], bars=largest),
        Column("Best molecule", [_name(tally.best[c]) for c in order.tolist()], is_text=True),
    ]
    if len(order) <= MOST_SPARKLINES:
        drawn = [sparkline(tally.probabilities.counts[place[c]]) for c in order.tolist()]
        columns.insert(0, Column("0.0001 to 1", drawn, is_drawing=True))
    columns[:0] = about_columns([tally.columns[c].assay for c in order.tolist()])
    return table(title, [tally.columns[c].name for c in order.tolist()], columns, name=name)


def _value_table(tally: ScreenTally) -> Markup:
    order = tally.at_values.tolist()
    best = [tally.best[column] for column in order]
    hist = tally.values
    columns = [
        Column("Best", [UNKNOWN if b is None else brief(b.value) for b in best]),
        Column("Best molecule", [_name(b) for b in best], is_text=True),
    ]
    if len(order) <= MOST_SPARKLINES:
        ends = [
            f"{brief(least)} to {brief(most)}"
            for least, most in zip(hist.least.tolist(), hist.most.tolist(), strict=True)
        ]
        drawn = [sparkline(counts) for counts in hist.counts]
        columns[:0] = [
            Column("Distribution", drawn, is_drawing=True),
            Column("From, to", ends, is_text=True),
        ]
    directions = [tally.columns[c].assay.direction_words for c in order]
    about = "Which values come first; highest first where it is not known"
    said = [direction or UNKNOWN for direction in directions]
    columns.insert(0, Column("Good", said, is_text=True, about=about))
    if any(tally.columns[column].unit for column in order):
        columns.insert(0, Column("Unit", [tally.columns[c].unit for c in order], is_text=True))
    columns[:0] = about_columns([tally.columns[c].assay for c in order])
    return heading("Values") + table(
        "Predicted values in each assay",
        [tally.columns[column].name for column in order],
        columns,
        name="Assay",
    )


def _name(best: Best | None) -> str:
    if best is None:
        return UNKNOWN
    return shortened(best.id or f"row {best.row}", 40) + (
        " (in training)" if best.in_training else ""
    )


def _statuses(summary: ScreenSummary) -> Markup:
    total = max(summary.rows, 1)
    names = list(summary.statuses)
    counts = list(summary.statuses.values())
    return paragraph("Every input record has one row in the output, and this many of them:") + (
        table(
            "Records by status",
            names,
            [
                Column("Records", [f"{n:,}" for n in counts], bars=[n / total for n in counts]),
                Column("Share", [percent(n / total) for n in counts]),
            ],
            name="Status",
        )
    )


def _run(summary: ScreenSummary) -> Markup:
    rates = summary.molecules_per_second
    pairs: list[tuple[str, object]] = [
        ("Model", summary.model),
        ("Input" if len(summary.inputs) == 1 else "Inputs", ", ".join(summary.inputs[:20])),
        ("Output", summary.output),
    ]
    pairs += [
        (
            stage.capitalize(),
            f"{brief(seconds)} s"
            + (f", {rate:,.0f} molecules/s" if (rate := rates[stage]) else ""),
        )
        for stage, seconds in summary.seconds.items()
    ]
    return facts(pairs) + paragraph(
        "Stages overlap, so that their seconds add up to more than the total.", "note"
    )
