"""Molecules that ask much of RDKit: dense and symmetric graphs, cages, and very large ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from tests.hard import complete, hypercube, written

C60 = (
    "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5c1c1c6"
    "c6c%11c2c2c7c3c3c8c4c4c9c5c1c1c6c2c3c41"
)


def hard_molecules() -> dict[str, str]:
    """SMILES by what they are."""
    return {
        **{f"complete graph of {n}": complete(n) for n in (8, 12, 20, 40)},
        **{f"hypercube of {n} dimensions": hypercube(n) for n in (4, 5, 6, 7)},
        **{f"prism of {n}": prism(n) for n in (3, 4, 6, 20, 100)},
        **{f"torus of {n} by {n}": torus(n, n) for n in (4, 10, 20)},
        **{f"tube of {n} by {m}": tube(n, m) for n, m in ((6, 6), (10, 12), (12, 20), (20, 40))},
        "dodecahedrane": written(20, _dodecahedron(), "C"),
        "C60": C60,
        "chain within the limit": "C" * 499,
        "polymer within the limit": "OCC" * 160,
        "polymer beyond the limit": "OCC" * 4_000,
        "400 levels of brackets": "C(" * 400 + "C" + ")" * 400,
        "5,000 levels of brackets": "C(" * 5_000 + "C" + ")" * 5_000,
        "chain of 100,000": "C" * 100_000,
        "7,000 brackets opened": "C(" * 7_000,
        "7,000 levels of brackets": "C(" * 7_000 + "C" + ")" * 7_000,
        "150 rings": "C1CC1" * 150,
        "peptide": "NC(Cc1ccccc1)C(=O)" * 40 + "O",
        "dendrimer": dendrimer(6),
        "salt of 498 fragments": ".".join(["[Na+].[Cl-]"] * 249),
        "salt of 2,000 fragments": ".".join(["[Na+].[Cl-]"] * 1_000),
    }


def prism(n: int) -> str:
    """Two rings, atom bound to atom: cubane where n is 4."""
    rings = [(side * n + i, side * n + (i + 1) % n) for side in (0, 1) for i in range(n)]
    return written(2 * n, [*rings, *((i, n + i) for i in range(n))], "C")


def torus(rows: int, columns: int) -> str:
    """A grid that meets itself on all sides."""
    place = [(r, c) for r, c in product(range(rows), range(columns))]
    right = [(r * columns + c, r * columns + (c + 1) % columns) for r, c in place]
    down = [(r * columns + c, (r + 1) % rows * columns + c) for r, c in place]
    return written(rows * columns, [*right, *down], "C")


def tube(around: int, along: int) -> str:
    """A nanotube: zigzag rings of twice as many atoms, every second one bound to the next ring."""
    return written(2 * around * along, _tube_bonds(2 * around, along), "C")


def _tube_bonds(ring: int, along: int) -> Iterator[tuple[int, int]]:
    for r, i in product(range(along), range(ring)):
        yield r * ring + i, r * ring + (i + 1) % ring
        if r + 1 < along and (r + i) % 2:
            yield r * ring + i, (r + 1) * ring + i


def _dodecahedron() -> Iterator[tuple[int, int]]:
    """The generalised Petersen graph of 10 and 2."""
    for i in range(10):
        yield i, (i + 1) % 10
        yield i, 10 + i
        yield 10 + i, 10 + (i + 2) % 10


def dendrimer(levels: int) -> str:
    """A tree of amines, twice as many on each level."""
    return f"N(CC{dendrimer(levels - 1)})CC{dendrimer(levels - 1)}" if levels else "N"
