"""Fields of the atoms and bonds of molecules as RDKit knows them, before they become codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import GetPeriodicTable
from rdkit.Chem.rdchem import Atom, Bond

Column = NDArray[np.uint8]

# Through the class, so that `map` calls C++ with no Python in between.
_ATOM_FIELDS = {
    "number": Atom.GetAtomicNum,
    "charge": Atom.GetFormalCharge,
    "chirality": Atom.GetChiralTag,
    "hybridization": Atom.GetHybridization,
    "hydrogens": Atom.GetTotalNumHs,
    "degree": Atom.GetTotalDegree,
    "radicals": Atom.GetNumRadicalElectrons,
    "aromatic": Atom.GetIsAromatic,
    "in_ring": Atom.IsInRing,
}
_BOND_FIELDS = {
    "type": Bond.GetBondType,
    "stereo": Bond.GetStereo,
    "conjugated": Bond.GetIsConjugated,
    "in_ring": Bond.IsInRing,
}


@dataclass(frozen=True)
class MolFields:
    """Properties of all atoms and bonds of n molecules, one after another.

    Parameters
    ----------
    n_atoms, n_bonds
        ``(n,) int64``, of each molecule.
    atoms
        Property -> ``(n_atoms,) uint8``; a negative charge is in two's complement.
    isotopes
        ``(n_atoms,) uint16``; 0 is the natural mixture.
    ends
        ``(n_bonds, 2) uint16``: begin and end atom, counted from 0 inside the molecule.
    bonds
        Property -> ``(n_bonds,) uint8``.
    """

    n_atoms: NDArray[np.int64]
    n_bonds: NDArray[np.int64]
    atoms: dict[str, Column]
    isotopes: NDArray[np.uint16]
    ends: NDArray[np.uint16]
    bonds: dict[str, Column]

    def masses(self) -> NDArray[np.float64]:
        """``(n_atoms,) float64``: masses in Da, of the isotope where there is one."""
        number = self.atoms["number"]
        masses: NDArray[np.float64] = _atomic_weights()[number]
        for atom in np.flatnonzero(self.isotopes):
            isotope = int(self.isotopes[atom])
            mass = GetPeriodicTable().GetMassForIsotope(int(number[atom]), isotope)
            # As Atom.GetMass has it.
            masses[atom] = isotope if number[atom] and not mass else mass
        return masses


@lru_cache(maxsize=1)
def _atomic_weights() -> NDArray[np.float64]:
    table = GetPeriodicTable()
    return np.array([table.GetAtomicWeight(number) for number in range(119)] + [0.0] * 137)


def fields_of(mols: Iterable[Any]) -> MolFields:
    """Ask RDKit atom by atom, property by property: plain, and slow."""
    mols = list(mols)
    atoms = [atom for mol in mols for atom in mol.GetAtoms()]
    bonds = [bond for mol in mols for bond in mol.GetBonds()]
    ends = [*map(Bond.GetBeginAtomIdx, bonds), *map(Bond.GetEndAtomIdx, bonds)]
    return MolFields(
        np.array([mol.GetNumAtoms() for mol in mols], dtype=np.int64),
        np.array([mol.GetNumBonds() for mol in mols], dtype=np.int64),
        {name: _bytes(map(getter, atoms)) for name, getter in _ATOM_FIELDS.items()},
        np.array([*map(Atom.GetIsotope, atoms)], dtype=np.uint16),
        np.array(ends, dtype=np.uint16).reshape(2, -1).T,
        {name: _bytes(map(getter, bonds)) for name, getter in _BOND_FIELDS.items()},
    )


def _bytes(values: Iterable[Any]) -> Column:
    return np.array([*values], dtype=np.int16).astype(np.uint8)
