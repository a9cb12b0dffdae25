"""An order of a molecule's atoms that does not depend on how the molecule is written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import Mol, MolToSmiles
from rdkit.rdBase import BlockLogs


def canonical_smiles(text: bytes) -> tuple[str, NDArray[np.int64]]:
    """The canonical SMILES of what ``mol.ToBinary`` gave, and its atoms in the order written there.

    Raises
    ------
    RuntimeError
        If RDKit cannot write the molecule.
    """
    mol = Mol(text)
    with BlockLogs():
        smiles = MolToSmiles(mol)
    order = mol.GetPropsAsDict(includePrivate=True, includeComputed=True)["_smilesAtomOutputOrder"]
    return smiles, np.array(order, dtype=np.int64)


def canonical_order(text: bytes) -> NDArray[np.int64]:
    """Canonical order; the written one where RDKit cannot write the molecule."""
    try:
        return canonical_smiles(text)[1]
    except RuntimeError:
        return np.arange(Mol(text).GetNumAtoms())
