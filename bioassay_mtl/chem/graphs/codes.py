"""Sets of codes: which property of an atom or bond becomes which small integer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.registry import Registry


@dataclass(frozen=True)
class Column:
    """One property and its codes: the position of its value among the choices.

    Parameters
    ----------
    field
        The property: a key of :attr:`MolFields.atoms` or :attr:`MolFields.bonds`.
    choices
        Values that have a code of their own.
    rest
        Code of any other value; None gives it the next code after the choices.
    first, slots
        The multi-hot layout: code c sets position ``first + c`` of ``slots``, or none where that is
        out of range. None makes it plain one-hot.
    """

    field: str
    choices: tuple[int, ...]
    rest: int | None = None
    first: int = 0
    slots: int | None = None

    @property
    def n_codes(self) -> int:
        """Codes are 0 to ``n_codes - 1``."""
        return len(self.choices) + (self.rest is None)

    def table(self) -> NDArray[np.uint8]:
        """``(256,) uint8``: the code of each value, negative ones in two's complement."""
        rest = len(self.choices) if self.rest is None else self.rest
        table = np.full(256, rest, dtype=np.uint8)
        for code, value in enumerate(self.choices):
            table[value % 256] = code
        return table

    def vectors(self) -> NDArray[np.float32]:
        """``(n_codes, slots) float32``: the multi-hot vector of each code."""
        return np.eye(self.n_codes, self.slots or self.n_codes, k=self.first, dtype=np.float32)


def flag(field: str) -> Column:
    """A property that is there (1) or not (0); one position in the multi-hot layout."""
    return Column(field, (0, 1), rest=0, first=-1, slots=1)


@dataclass(frozen=True)
class CodeSet:
    """The columns of codes that describe an atom and a bond.

    Parameters
    ----------
    atoms, bonds
        Columns, in order.
    mass
        Whether to give a hundredth of each atom's mass (in Da, of its isotope), as a real number.
    """

    atoms: tuple[Column, ...]
    bonds: tuple[Column, ...]
    mass: bool = False

    @property
    def atom_widths(self) -> tuple[int, ...]:
        """Number of codes of each atom column: the sizes of embedding tables."""
        return tuple(column.n_codes for column in self.atoms)

    @property
    def bond_widths(self) -> tuple[int, ...]:
        """Number of codes of each bond column."""
        return tuple(column.n_codes for column in self.bonds)

    @property
    def n_atom_slots(self) -> int:
        """Positions of an atom in the multi-hot layout."""
        return sum(column.slots or column.n_codes for column in self.atoms)

    def expand_atoms(
        self, codes: NDArray[np.uint8], reals: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """The multi-hot layout of atom codes, real columns last, ``(n_atoms, width) float32``."""
        return _expand(self.atoms, codes, [] if reals is None else [reals])

    def expand_bonds(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The multi-hot layout of bond codes, ``(n_bonds, width) float32``."""
        return _expand(self.bonds, codes, [])


def _expand(
    columns: tuple[Column, ...], codes: NDArray[np.uint8], more: list[NDArray[Any]]
) -> NDArray[np.float32]:
    parts = [column.vectors()[codes[:, i]] for i, column in enumerate(columns)]
    return np.concatenate([*parts, *more], axis=1, dtype=np.float32)


code_sets: Registry[CodeSet] = Registry("set of graph codes")
