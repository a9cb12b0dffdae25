"""Molecules as drawings whose colours are the page's, by day and by night."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

WIDTH, HEIGHT = 250, 170
MOST_ATOMS = 120
"""Larger molecules cannot be made out in a drawing of this size."""

_COLOURS = {
    "#000000": "currentColor",
    "#0000FF": "var(--atom-n)",
    "#FF0000": "var(--atom-o)",
    "#CCCC00": "var(--atom-s)",
    "#33CCCC": "var(--atom-f)",
    "#00CC00": "var(--atom-f)",
    "#7F4C19": "var(--atom-p)",
    "#A01EEF": "var(--atom-p)",
    "#FF7F00": "var(--atom-p)",
}


def molecule(smiles: str, name: str) -> Markup:
    """An SVG of a molecule, or a word where it cannot be read or is too large to be made out.

    Parameters
    ----------
    smiles
        What to draw.
    name
        Said to those who cannot see it.
    """
    from rdkit import Chem, rdBase
    from rdkit.Chem.Draw import rdMolDraw2D

    with rdBase.BlockLogs():
        found = Chem.MolFromSmiles(smiles)
        if found is None or not 0 < found.GetNumAtoms() <= MOST_ATOMS:
            return Markup('<p class="undrawn">{}</p>').format(
                "too large to draw" if found is not None else "cannot be read"
            )
        canvas = rdMolDraw2D.MolDraw2DSVG(WIDTH, HEIGHT)
        options: Any = canvas.drawOptions()
        options.clearBackground = False
        options.padding = 0.04
        options.fixedBondLength = 28
        options.bondLineWidth = 1.4
        rdMolDraw2D.PrepareAndDrawMolecule(canvas, found)
        canvas.FinishDrawing()
    return Markup(
        '<svg class="molecule" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, HEIGHT, f"structure of {name}", Markup(themed(canvas.GetDrawingText())))


def themed(svg: str) -> str:
    """RDKit's drawing in the page's colours: one path for all that is painted alike."""
    painted: dict[str, list[str]] = {}
    for path in re.findall(r"<path [^>]*/>", svg):
        course = re.search(r" d='([^']*)'", path)
        fill, stroke, width = (_paint(name, path) for name in ("fill", "stroke", "stroke-width"))
        if course:
            paint = f'fill="{_colour(fill)}"'
            if stroke not in ("", "none"):
                paint += f' stroke="{_colour(stroke)}" stroke-width="{width.removesuffix("px")}"'
            painted.setdefault(paint, []).append(_brief(course[1]))
    return "".join(f'<path {paint} d="{"".join(each)}"/>' for paint, each in painted.items())


def _paint(name: str, path: str) -> str:
    """What a path's style or attribute says."""
    found = re.search(rf"(?<![\w-]){name}(?::([^;']*)|='([^']*)')", path)
    return (found[1] or found[2] or "") if found else ""


def _colour(given: str) -> str:
    return given if given in ("", "none") else _COLOURS.get(given.upper(), "currentColor")


def _brief(course: str) -> str:
    """A path's coordinates to a tenth, without needless spaces."""
    course = re.sub(r"\d+\.\d+", lambda n: f"{float(n[0]):.1f}".removesuffix(".0"), course)
    return re.sub(r"\s*([A-Z])\s*", r"\1", course.strip()).replace(",", " ")
