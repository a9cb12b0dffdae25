"""Positional encodings: where in its molecule an atom is.

Molecules of the same number of atoms are worked on together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

_AT_ONCE = 1 << 22  # entries of the matrices worked on together
_ZERO = 1e-6


def random_walk(n_atoms: Ints, n_bonds: Ints, ends: NDArray[np.uint16], steps: int) -> Floats:
    """Probability that a random walk is back at its atom after 1 to ``steps`` steps.

    The diagonals of the powers of :math:`D^{-1} A` (Dwivedi et al.,
    https://arxiv.org/abs/2110.07875); zero for an atom without bonds.

    Parameters
    ----------
    n_atoms, n_bonds
        ``(n,) int64``, of each molecule.
    ends
        ``(n_bonds, 2) uint16``, atoms counted inside the molecule.
    steps
        Columns of the result.

    Returns
    -------
    numpy.ndarray
        ``(n_atoms, steps) float32``.
    """
    encoding = np.zeros((n_atoms.sum(), steps), dtype=np.float32)
    for _, atoms, adjacency in _groups(n_atoms, n_bonds, ends):
        walk = adjacency / np.maximum(adjacency.sum(axis=2, keepdims=True), 1)
        power = walk
        for step in range(steps):
            encoding[atoms, step] = np.diagonal(power, axis1=1, axis2=2)
            power = power @ walk
    return encoding


def laplacian(
    n_atoms: Ints,
    n_bonds: Ints,
    ends: NDArray[np.uint16],
    size: int,
    order: Callable[[int], Ints],
) -> Floats:
    """Eigenvectors of the normalized Laplacian, from the second smallest eigenvalue on.

    :math:`I - D^{-1/2} A D^{-1/2}` (Dwivedi and Bresson, https://arxiv.org/abs/2012.09699). The
    sign of each is such that the sum of its cubes is positive, or, where that is zero, its first
    entry that is not. Where eigenvalues coincide, in symmetric molecules and salts, any basis of
    their space may be found. Columns beyond a molecule's atoms are zero.

    Parameters and result are those of :func:`random_walk`, with ``size`` columns.

    Parameters
    ----------
    order
        Gives the atoms of a molecule in an order that does not depend on how it is written; asked
        for only where cubes cancel.
    """
    encoding = np.zeros((n_atoms.sum(), size), dtype=np.float32)
    for molecules, atoms, adjacency in _groups(n_atoms, n_bonds, ends):
        scale = 1 / np.sqrt(np.maximum(adjacency.sum(axis=2), 1))
        matrix = np.eye(adjacency.shape[1]) - scale[:, :, None] * adjacency * scale[:, None, :]
        vectors = np.linalg.eigh(matrix)[1][:, :, 1 : size + 1]
        deciding = (vectors**3).sum(axis=1)
        cancel = np.abs(deciding) < _ZERO
        for i in np.flatnonzero(cancel.any(axis=1)).tolist():
            ordered = vectors[i, order(molecules[i])][:, cancel[i]]
            first = (np.abs(ordered) > _ZERO).argmax(axis=0)
            deciding[i, cancel[i]] = ordered[first, np.arange(len(first))]
        encoding[atoms, : vectors.shape[2]] = np.where(deciding < 0, -1, 1)[:, None] * vectors
    return encoding


def _groups(
    n_atoms: Ints, n_bonds: Ints, ends: NDArray[np.uint16]
) -> Iterator[tuple[Ints, Ints, NDArray[np.float64]]]:
    """``(g,)`` molecules of one size, ``(g, size)`` atoms and ``(g, size, size)`` adjacency."""
    first_atom, first_bond = np.cumsum(n_atoms) - n_atoms, np.cumsum(n_bonds) - n_bonds
    for size in np.unique(n_atoms[n_atoms > 0]):
        members = np.flatnonzero(n_atoms == size)
        step = max(1, _AT_ONCE // int(size) ** 2)
        for part in (members[i : i + step] for i in range(0, len(members), step)):
            bonds = n_bonds[part]
            of_bond = np.repeat(np.arange(len(part)), bonds)
            bond = np.repeat(first_bond[part] - np.cumsum(bonds) + bonds, bonds)
            a, b = ends[bond + np.arange(len(bond))].T
            adjacency = np.zeros((len(part), size, size))
            adjacency[of_bond, a, b] = adjacency[of_bond, b, a] = 1
            yield part, first_atom[part][:, None] + np.arange(size), adjacency
