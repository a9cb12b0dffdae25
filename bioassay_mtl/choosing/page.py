"""The page of a shortlist: a drawing of each molecule, and what speaks for and against it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from bioassay_mtl.choosing.picking import Picked
from bioassay_mtl.errors import counted
from bioassay_mtl.report.cards import cards
from bioassay_mtl.report.molecule import molecule
from bioassay_mtl.report.page import Section, facts, page, paragraph
from bioassay_mtl.report.said import sentences
from bioassay_mtl.report.templates import piece
from bioassay_mtl.report.wording import brief, number, shortened


def picked_page(picked: Picked) -> str:
    """HTML of a shortlist: one file that stands alone."""
    about = picked.about
    title = f"{len(picked)} picks for {picked.assay}"
    name = about.title if about else ""
    return page(
        title,
        name or "Shortlist of a screen",
        paragraph(_lead(picked)),
        [
            Section("picks", "Picks", _cards(picked)),
            Section("assay", "The assay", facts(list(_about(picked)))),
        ],
    )


def _lead(picked: Picked) -> str:
    left = picked.left
    passed = ", ".join(
        text
        for count, text in (
            (left.alerts, f"{left.alerts:,} with alerts"),
            (left.scaffold, f"{left.scaffold:,} more of a scaffold"),
            (left.twice, f"{left.twice:,} that were there twice"),
            (left.unreadable, f"{left.unreadable:,} that cannot be read"),
        )
        if count
    )
    said = f"From {counted(picked.n_predicted, 'molecule')} with a prediction, {picked.order}."
    return f"{said} Passed over: {passed}." if passed else said


def _about(picked: Picked) -> Iterator[tuple[str, object]]:
    yield "Identifier", picked.assay
    if (about := picked.about) is not None:
        shown = {
            "Name": about.name,
            "Target": about.target,
            "Gene": about.gene,
            "Organism": about.organism,
            "Active when": about.active,
            "Grade of the model": about.grade or about.why,
            "Page": about.link,
        }
        yield from ((key, text) for key, text in shown.items() if text)


def _cards(picked: Picked) -> Markup:
    return cards([_card(row) for row in picked.rows()])


def _card(row: dict[str, Any]) -> Markup:
    name = row["id"] or f"row {row['row']}" if row["row"] else row["id"] or f"pick {row['pick']}"
    return piece(
        "cards",
        "pick",
        molecule(row["smiles"], name),
        row["pick"],
        shortened(name),
        list(_lines(row)),
        shortened(row["smiles"], 160),
    )


def _lines(row: dict[str, Any]) -> Iterator[str]:
    shown = number if 0 <= row["score"] <= 1 else brief
    yield f"prediction {shown(row['score'])}"
    beside = {name: row.get(name) for name in ("low", "high", "similarity", "in_domain")}
    measured = {name: cell for name, cell in beside.items() if isinstance(cell, bool | float)}
    yield from sentences(measured, shown=shown)
    if row["in_training"]:
        yield "the model was trained on it"
    simple = [
        f"{said} {brief(row[key])}"
        for key, said in (("mw", "MW"), ("logp", "logP"), ("tpsa", "TPSA"), ("qed", "QED"))
        if row.get(key) is not None
    ]
    if simple:
        yield ", ".join(simple)
    yield f"alerts: {row['alerts']}" if row.get("alerts") else "no alerts"
    if row.get("promiscuity") is not None:
        yield f"far above the usual in {counted(row['promiscuity'], 'assay')}"
    if row.get("nearest_active") is not None:
        yield f"nearest known active: similarity {number(row['nearest_active'])}"
    if row.get("known"):
        yield f"known: {row['known']}"
