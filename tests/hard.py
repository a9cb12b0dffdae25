"""Structures that RDKit takes very long for, though they are within every limit of size."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations


def written(n: int, bonds: Iterable[tuple[int, int]], atom: str = "*") -> str:
    """SMILES of a graph: each bond is a ring closure between parts."""
    ends: list[list[int]] = [[] for _ in range(n)]
    for number, pair in enumerate(bonds, start=1):
        for one in pair:
            ends[one].append(number)
    return ".".join(atom + "".join(map(_closure, numbers)) for numbers in ends)


def complete(n: int) -> str:
    """Every atom bound to every other."""
    return written(n, combinations(range(n), 2))


def hypercube(dimensions: int) -> str:
    """Atoms at the corners of a cube of many dimensions; takes memory too."""
    n = 2**dimensions
    edges = ((i, i ^ 1 << k) for i in range(n) for k in range(dimensions) if not i >> k & 1)
    return written(n, edges)


def _closure(number: int) -> str:
    if number < 10:
        return str(number)
    return f"%{number}" if number < 100 else f"%({number})"
