"""Explanations as drawings: atoms that speak for a prediction, and those that speak against it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bioassay_mtl.explain import Explanation
from bioassay_mtl.models.assay_sheet import Assay
from bioassay_mtl.report.molecule import drawn, undrawn
from bioassay_mtl.report.page import Section, asset, facts, figure, folded, join, page, paragraph
from bioassay_mtl.report.table import Column, table
from bioassay_mtl.report.wording import number, shortened, signed

WIDTH, HEIGHT = 420, 300
RADIUS = 0.42
"""Radius of a mark, in lengths of a bond."""

STRONGEST = 0.45
"""Opacity of the largest share: letters must be read on it."""
FAINTEST = 0.05
"""Share of the largest share, below which an atom has no mark."""


def drawing(
    found: Explanation, *, alone: bool = False, width: int = WIDTH, height: int = HEIGHT
) -> Markup:
    """An SVG of a molecule whose atoms have marks: orange for, blue against, stronger for more.

    Parameters
    ----------
    found
        Explanation to draw.
    alone
        Whether it is a file of its own, which brings its colors.
    width, height
        Size of the drawing.
    """
    made = drawn(found.smiles, width, height, whole=alone, padding=0.1)  # room for marks
    if isinstance(made, str):
        return undrawn(made)
    return Markup(
        '<svg class="reasons molecule" viewBox="0 0 {} {}"{} role="img" aria-label="{}">'
        "{}{}{}</svg>"
    ).format(
        width,
        height,
        Markup(' xmlns="http://www.w3.org/2000/svg"') if alone else "",
        f"shares of the atoms of {found.smiles} in {found.column}",
        Markup(f"<style>\n{asset('reasons.css')}</style>") if alone else "",
        _marks(found.atoms, made.places, made.bond),
        made.paths,
    )


def _marks(shares: NDArray[np.float64], points: NDArray[np.float64], bond: float) -> Markup:
    most = float(np.abs(shares).max()) or 1.0
    return join(
        Markup(
            '<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" fill="var(--share-{})" '
            'fill-opacity="{:.2f}"><title>{:+.3f}</title></circle>'
        ).format(x, y, bond * RADIUS, "for" if share > 0 else "against", strength, share)
        for (x, y), share in zip(points, shares, strict=True)
        if np.isfinite(x) and (strength := STRONGEST * abs(share) / most) > STRONGEST * FAINTEST
    )


def reasons_page(
    found: Sequence[Explanation],
    assays: Sequence[Assay],
    model: str,
    probabilities: Sequence[float],
) -> str:
    """HTML of some explanations: a section each.

    Parameters
    ----------
    found, assays, probabilities
        Explanations, the assay of each, and what is predicted for it.
    model
        Name of the model.
    """
    lead = paragraph(
        "Orange atoms raise a prediction, blue atoms lower it, against that of an empty input. "
        "The shares of all atoms and of the whole molecule sum to the difference."
    )
    is_one = len({each.smiles for each in found}) == 1

    def beside(each: Explanation) -> str:
        return "" if is_one else f": {shortened(each.smiles, 24)}"

    sections = [
        Section(
            f"reasons-{place}",
            f"{place}. {_title(assay, each)}{beside(each)}",
            _body(each, assay, predicted, place),
        )
        for place, (each, assay, predicted) in enumerate(
            zip(found, assays, probabilities, strict=True), start=1
        )
    ]
    return page("Reasons", model, lead, sections)


def _title(assay: Assay, found: Explanation) -> str:
    return f"{found.column}, {assay.title}" if assay.title else found.column


def _body(found: Explanation, assay: Assay, predicted: float, place: int) -> Markup:
    named = [
        ("molecule", found.smiles),
        ("predicted", f"{predicted:.4g}" if assay.is_value else number(predicted)),
        (
            "value" if assay.is_value else "log-odds, before they are calibrated",
            number(found.value),
        ),
        ("of an empty input", number(found.reference)),
        ("of the atoms", signed(found.atoms.sum())),
        ("of the whole molecule", signed(found.whole)),
    ]
    experts = table(
        f"Shares of the experts in {place}",
        [each.name for each in found.experts],
        [
            Column("atoms", [signed(each.atoms.sum()) for each in found.experts]),
            Column("whole molecule", [signed(each.whole) for each in found.experts]),
        ],
        name="expert",
    )
    shown = figure(drawing(found))
    return join([shown, facts(named), folded("by expert", experts)])
