"""Molecules as drawings whose colors are the page's, by day and by night."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from bioassay_mtl.report.templates import piece
from bioassay_mtl.report.wording import shortened

WIDTH, HEIGHT = 250, 170
MOST_ATOMS = 120
"""Larger molecules cannot be made out in a drawing of this size."""
LINE = 16
"""Height of a line of text below a drawing."""

_COLORS = {
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


class Drawn(NamedTuple):
    """A molecule as it is drawn.

    Attributes
    ----------
    paths
        Content of the SVG.
    places
        ``(n, 2)``: where its atoms are, NaN of those that are not drawn.
    bond
        Length of a usual bond.
    """

    paths: Markup
    places: NDArray[np.float64]
    bond: float


def molecule(smiles: str, name: str) -> Markup:
    """An SVG of a molecule, or a word where it cannot be read or is too large to be made out.

    Parameters
    ----------
    smiles
        SMILES to draw.
    name
        Name for those who cannot see it.
    """
    found = drawn(smiles, WIDTH, HEIGHT)
    if isinstance(found, str):
        return undrawn(found)
    return Markup(
        '<svg class="molecule" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, HEIGHT, f"structure of {name}", found.paths)


def undrawn(why: str) -> Markup:
    """A word in the place of a drawing."""
    return piece("parts", "undrawn", why)


def drawn(
    smiles: str, width: int, height: int, *, whole: bool = False, padding: float = 0.04
) -> Drawn | str:
    """Draw a molecule, or say why not.

    Salts and solvents are named below the molecule that they come with, which would shrink beside
    them: a part with more than half of the atoms is drawn alone.

    Parameters
    ----------
    smiles
        SMILES to draw.
    width, height
        Size of the drawing.
    whole
        Whether all parts are drawn all the same.
    padding
        Room around it, as a share of the drawing.
    """
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
        if mol is None:
            return "cannot be read"
        shown, atoms, left = _main_part(mol, whole)
        if not 0 < len(atoms) <= MOST_ATOMS:
            return "too large to draw"
        below = LINE if left else 0
        paths, points = _painted(shown, width, height - below, padding)
    places = np.full((mol.GetNumAtoms(), 2), np.nan)
    places[atoms] = points
    if left:
        paths += Markup('<text x="{}" y="{}" text-anchor="middle" font-size="11">{}</text>').format(
            width / 2, height - 4, f"not drawn: {shortened(left, 36)}"
        )
    return Drawn(paths, places, _bond_length(shown, points, height))


def _main_part(mol: Any, whole: bool) -> tuple[Any, list[int], str]:
    """The part to draw, its atoms in the molecule, and what is left: SMILES of the other parts."""
    from rdkit import Chem

    atoms: list[tuple[int, ...]] = []
    parts = Chem.GetMolFrags(mol, asMols=True, fragsMolAtomMapping=atoms)
    largest = max(range(len(parts)), key=lambda part: len(atoms[part]), default=0)
    if whole or len(parts) < 2 or 2 * len(atoms[largest]) <= mol.GetNumAtoms():
        return mol, list(range(mol.GetNumAtoms())), ""
    others = Counter(Chem.MolToSmiles(p) for at, p in enumerate(parts) if at != largest)
    left = ", ".join(f"{n} {text}" if n > 1 else text for text, n in others.items())
    return parts[largest], list(atoms[largest]), left


def _painted(
    mol: Any, width: int, height: int, padding: float
) -> tuple[Markup, NDArray[np.float64]]:
    """Drawing by RDKit in the page's colors, and the positions of the atoms."""
    from rdkit.Chem.Draw import rdMolDraw2D

    canvas = rdMolDraw2D.MolDraw2DSVG(width, height)
    options: Any = canvas.drawOptions()
    options.clearBackground = False
    options.padding = padding
    options.fixedBondLength = width / 9
    options.bondLineWidth = 1.4
    rdMolDraw2D.PrepareAndDrawMolecule(canvas, mol)
    canvas.FinishDrawing()
    places = [canvas.GetDrawCoords(atom) for atom in range(mol.GetNumAtoms())]
    points = np.array([(place.x, place.y) for place in places]).reshape(-1, 2)
    return Markup(themed(canvas.GetDrawingText())), points


def _bond_length(mol: Any, points: NDArray[np.float64], height: int) -> float:
    ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()]
    lengths = [float(np.linalg.norm(points[a] - points[b])) for a, b in ends]
    return float(np.median(lengths)) if lengths else height / 5


def themed(svg: str) -> str:
    """RDKit's drawing in the page's colors: one path for all that is painted alike."""
    painted: dict[str, list[str]] = {}
    for path in re.findall(r"<path [^>]*/>", svg):
        course = re.search(r" d='([^']*)'", path)
        fill, stroke, width = (_paint(name, path) for name in ("fill", "stroke", "stroke-width"))
        if course:
            paint = f'fill="{_color(fill)}"'
            if stroke not in ("", "none"):
                paint += f' stroke="{_color(stroke)}" stroke-width="{width.removesuffix("px")}"'
            painted.setdefault(paint, []).append(_brief(course[1]))
    return "".join(f'<path {paint} d="{"".join(each)}"/>' for paint, each in painted.items())


def _paint(name: str, path: str) -> str:
    """Paint that a path's style or attribute names."""
    found = re.search(rf"(?<![\w-]){name}(?::([^;']*)|='([^']*)')", path)
    return (found[1] or found[2] or "") if found else ""


def _color(given: str) -> str:
    return given if given in ("", "none") else _COLORS.get(given.upper(), "currentColor")


def _brief(course: str) -> str:
    """A path's coordinates to a tenth, without needless spaces."""
    course = re.sub(r"\d+\.\d+", lambda n: f"{float(n[0]):.1f}".removesuffix(".0"), course)
    return re.sub(r"\s*([A-Z])\s*", r"\1", course.strip()).replace(",", " ")
