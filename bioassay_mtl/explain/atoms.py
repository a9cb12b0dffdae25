"""Positions of a fingerprint to the atoms that set them.

Each occurrence of a substructure is shared by its atoms in equal parts, and a position by the
occurrences that are counted in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioassay_mtl.chem.fingerprints.base import Fingerprint
from bioassay_mtl.chem.fingerprints.morgan import MorganFingerprint
from bioassay_mtl.chem.representation import Representation
from bioassay_mtl.registry import Registry

Found = tuple[int, int, float]
"""A position, an atom in it, and the weight of that."""

tracers: Registry[Callable[[Any, Any], Iterator[Found]]] = Registry("tracer of atoms")
"""Map from a fingerprint and a molecule of RDKit to what sets which position, by the kind of the
fingerprint; positions of other kinds belong to the molecule as a whole."""


class AtomShares:
    """Atoms of a molecule that share in the positions of its inputs.

    Parameters
    ----------
    mol
        RDKit's molecule, of n atoms.
    prints
        The inputs of a model.
    """

    def __init__(self, mol: Any, prints: Mapping[str, Representation]) -> None:
        self.n_atoms: int = mol.GetNumAtoms()
        self._mol, self._prints = mol, prints
        self._traced: dict[str, dict[int, NDArray[np.float64]]] = {}

    def split(
        self, name: str, positions: NDArray[Any], amounts: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], float]:
        """Amounts of positions ``(p,)`` as those of atoms ``(n,)``, and what no atom has part in.

        Parameters
        ----------
        name
            Name of the input.
        positions, amounts
            ``(p,)`` each.
        """
        traced, atoms, rest = self._of(name), np.zeros(self.n_atoms), 0.0
        for position, amount in zip(positions.tolist(), amounts.tolist(), strict=True):
            if position in traced:
                atoms += amount * traced[position]
            else:
                rest += amount
        return atoms, rest

    def _of(self, name: str) -> dict[int, NDArray[np.float64]]:
        """``(n,)`` of each position, summing to 1."""
        if name not in self._traced:
            print_ = self._prints[name]
            found: dict[int, NDArray[np.float64]] = {}
            if tracers.offers(getattr(print_, "kind", "")):
                for position, atom, weight in tracers[print_.kind](print_, self._mol):
                    found.setdefault(position, np.zeros(self.n_atoms))[atom] += weight
            self._traced[name] = {at: each / each.sum() for at, each in found.items()}
        return self._traced[name]


def _filled(print_: Any, mol: Any) -> Any:
    """Atoms of each position, by RDKit."""
    from rdkit.Chem.rdFingerprintGenerator import AdditionalOutput

    said = AdditionalOutput()
    said.AllocateAtomToBits()
    said.AllocateBitInfoMap()
    generator = print_.generator()
    compute = generator.GetCountFingerprint if print_.counts else generator.GetFingerprint
    compute(mol, additionalOutput=said)
    return said


@tracers.register("morgan")
def _neighborhoods(print_: MorganFingerprint, mol: Any) -> Iterator[Found]:
    """All atoms of a circular neighborhood, not its center alone."""
    from rdkit.Chem import FindAtomEnvironmentOfRadiusN

    for position, places in _filled(print_, mol).GetBitInfoMap().items():
        for center, radius in places:
            atoms = {center}
            for bond in FindAtomEnvironmentOfRadiusN(mol, radius, center) if radius else ():
                ends = mol.GetBondWithIdx(bond)
                atoms |= {ends.GetBeginAtomIdx(), ends.GetEndAtomIdx()}
            yield from ((position, atom, 1 / len(atoms)) for atom in atoms)


@tracers.register("torsion")
@tracers.register("atom_pair")
@tracers.register("rdkit_path")
def _members(print_: Fingerprint, mol: Any) -> Iterator[Found]:
    """Atoms by the number of substructures of the position that they are part of."""
    for atom, positions in enumerate(_filled(print_, mol).GetAtomToBits()):
        yield from ((position, atom, 1.0) for position in positions)


@tracers.register("maccs")
def _keys(print_: Representation, mol: Any) -> Iterator[Found]:
    """Atoms of the matches of a key's pattern; few keys have none, such as that of fragments."""
    from rdkit.Chem import MACCSkeys

    for key in MACCSkeys.GenMACCSKeys(mol).GetOnBits():
        text = MACCSkeys.smartsPatts.get(key, ("?", 0))[0]
        if text != "?":
            for match in mol.GetSubstructMatches(_pattern(text)):
                yield from ((key, atom, 1 / len(match)) for atom in match)


def _pattern(smarts: str) -> Any:
    from rdkit.Chem import MolFromSmarts

    return MolFromSmarts(smarts)
