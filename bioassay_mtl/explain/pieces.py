"""Pieces that explanations of parts of a network are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Piece:
    """Contribution of one expert to one output, above that to the output of the reference.

    Parameters
    ----------
    name
        Name of the expert.
    value, reference
        Contribution to the output of the molecule, and to that of the reference.
    atoms
        ``(n,) float64``: the share of each atom in the difference.
    whole
        The share of inputs that no atom has a part in, such as descriptors.
    """

    name: str
    value: float
    reference: float
    atoms: NDArray[np.float64]
    whole: float

    def times(self, factor: float) -> Piece:
        """Piece of an output that is this one times a factor."""
        return replace(
            self,
            value=factor * self.value,
            reference=factor * self.reference,
            atoms=factor * self.atoms,
            whole=factor * self.whole,
        )

    def named(self, prefix: str) -> Piece:
        """The same, of an expert of some member."""
        return replace(self, name=f"{prefix}{self.name}")

    def balanced(self) -> Piece:
        """Piece whose shares also have what is lost to a finite number of steps, in proportion."""
        found = float(self.atoms.sum()) + self.whole
        lost = self.value - self.reference - found
        sizes = np.abs(self.atoms)
        total = float(sizes.sum()) + abs(self.whole)
        if total == 0:
            return replace(self, whole=self.whole + lost)
        whole = self.whole + lost * abs(self.whole) / total
        return replace(self, atoms=self.atoms + lost * sizes / total, whole=whole)


def summed(pieces: Sequence[Piece], name: str) -> Piece:
    """All of some pieces as one."""
    first = pieces[0]
    return Piece(
        name,
        sum(each.value for each in pieces),
        sum(each.reference for each in pieces),
        np.sum([each.atoms for each in pieces], axis=0) if pieces else first.atoms,
        sum(each.whole for each in pieces),
    )
