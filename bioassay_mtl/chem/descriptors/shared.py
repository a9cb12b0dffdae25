"""Values that RDKit computes anew for each of several descriptors, computed once a molecule.

Values are RDKit's to the last bit. What several descriptors need is kept where RDKit keeps such
things, in attributes of the molecule: it must not be changed between two calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FARTHEST = 1e6
"""RDKit's distance between two fragments is larger."""


def e_state(mol: Any) -> NDArray[np.float64]:
    """Electrotopological state of each atom (Hall, Mohney, Kier, JCICS 31, 1991, 76): ``(n,)``.

    RDKit's own ``EState_VSA`` and ``VSA_EState`` find it in ``_eStateIndices`` too.
    """
    if not hasattr(mol, "_eStateIndices"):
        mol._eStateIndices = _e_state(mol)
    kept: NDArray[np.float64] = mol._eStateIndices
    return kept


def _e_state(mol: Any) -> NDArray[np.float64]:
    from rdkit.Chem import GetDistanceMatrix, GetPeriodicTable
    from rdkit.Chem.EState.EState import GetPrincipleQuantumNumber

    table = GetPeriodicTable()
    own = np.zeros(mol.GetNumAtoms())
    for atom in mol.GetAtoms():
        if degree := atom.GetDegree():
            number = atom.GetAtomicNum()
            valence = table.GetNOuterElecs(number) - atom.GetTotalNumHs()
            shell = GetPrincipleQuantumNumber(number)
            own[atom.GetIdx()] = (4.0 / (shell * shell) * valence + 1) / degree
    distances = GetDistanceMatrix(mol, useBO=False, useAtomWts=False) + 1
    others = (own[:, None] - own[None, :]) / (distances * distances)
    others[distances >= _FARTHEST] = 0
    # A running sum adds in the order of RDKit's loop, `sum` would add in pairs.
    summed: NDArray[np.float64] = np.cumsum(others, axis=1)[:, -1]
    return summed + own


def characteristic_polynomial(mol: Any) -> NDArray[np.float64]:
    """Absolute coefficients of that of the adjacency matrix: ``(n + 1,)``."""
    from rdkit.Chem import GetDistanceMatrix
    from rdkit.Chem.Graphs import CharacteristicPolynomial

    if not hasattr(mol, "_characteristicPolynomial"):
        adjacency = np.equal(GetDistanceMatrix(mol, False), 1)
        mol._characteristicPolynomial = abs(CharacteristicPolynomial(mol, adjacency))
    kept: NDArray[np.float64] = mol._characteristicPolynomial
    return kept


def average_ipc(mol: Any) -> float:
    """Information content of its coefficients (Bonchev, Trinajstic, J. Chem. Phys. 67, 1977)."""
    from rdkit.ML.InfoTheory.entropy import InfoEntropy

    content: float = InfoEntropy(characteristic_polynomial(mol))
    return content


def ipc(mol: Any) -> float:
    """Same, times their sum."""
    total: float = sum(characteristic_polynomial(mol))
    return total * average_ipc(mol)


def qed(mol: Any) -> float:
    """Drug-likeness (Bickerton et al., Nature Chem. 4, 2012, 90).

    RDKit computes it on a copy without hydrogen atoms, where nothing is known of the molecule yet;
    one that has none is that copy.
    """
    from rdkit.Chem import QED, Crippen, DeleteSubstructs, GetSSSR, Mol, rdMolDescriptors

    if mol.GetNumAtoms() != mol.GetNumHeavyAtoms():
        score: float = QED.qed(mol)
        return score
    strict = rdMolDescriptors.NumRotatableBondsOptions.Strict
    score = QED.qed(
        mol,
        qedProperties=QED.QEDproperties(
            MW=rdMolDescriptors._CalcMolWt(mol),
            ALOGP=Crippen.MolLogP(mol),
            HBA=sum(len(mol.GetSubstructMatches(pattern)) for pattern in QED.Acceptors),
            HBD=rdMolDescriptors.CalcNumHBD(mol),
            PSA=rdMolDescriptors.CalcTPSA(mol),
            ROTB=rdMolDescriptors.CalcNumRotatableBonds(mol, strict),
            AROM=len(GetSSSR(DeleteSubstructs(Mol(mol), QED.AliphaticRings))),
            ALERTS=sum(map(mol.HasSubstructMatch, QED.StructuralAlerts)),
        ),
    )
    return score


FASTER: dict[str, Callable[[Any], float]] = {
    "MaxEStateIndex": lambda mol: max(e_state(mol)),
    "MinEStateIndex": lambda mol: min(e_state(mol)),
    "MaxAbsEStateIndex": lambda mol: max(abs(e_state(mol))),
    "MinAbsEStateIndex": lambda mol: min(abs(e_state(mol))),
    "Ipc": ipc,
    "AvgIpc": average_ipc,
    "qed": qed,
}
"""Functions in place of RDKit's of these names."""
