"""Descriptors computed together: RDKit's values, bit by bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem.Descriptors import descList

from bioassay_mtl.chem.descriptors.shared import FASTER

RDKIT: dict[str, Callable[[Any], float]] = dict(descList)
ALONGSIDE = ("EState_VSA4", "VSA_EState2", "BalabanJ", "BertzCT", "MolLogP", "TPSA")
"""Descriptors that read, or might, what the others leave on the molecule."""
STRANGE = (
    "[Na+].[Cl-]",
    "[H][H]",
    "C",
    "*CC",
    "[U]",
    "[2H]C([2H])O",
    "[H]/C=C/C",
    "[Fe+2].[cH-]1cccc1",
    "c1ccc2c(c1)Nc1ccc3ccccc3c1S2",
    "C" * 120,
)


@pytest.mark.parametrize("part", [slice(0, 150), slice(2000, 2150)])
@pytest.mark.cases(1)
def test_values_are_those_of_rdkit_to_the_last_bit(nci_smiles: list[str], part: slice) -> None:
    mols = [mol for text in (*nci_smiles[part], *STRANGE) if (mol := Chem.MolFromSmiles(text))]
    assert len(mols) > 140
    names = [*FASTER, *ALONGSIDE]
    with np.errstate(all="ignore"):
        for mol in mols:
            own = Chem.Mol(mol)
            found = [value(FASTER.get(name, RDKIT[name]), own) for name in names]
            # A copy for each: nothing that one leaves on a molecule is there for the next.
            expected = [value(RDKIT[name], Chem.Mol(mol)) for name in names]
            np.testing.assert_array_equal(found, expected, Chem.MolToSmiles(mol))


def value(function: Callable[[Chem.Mol], float], mol: Chem.Mol) -> float:
    try:
        return float(function(mol))
    except (ArithmeticError, TypeError, ValueError):
        return float("nan")
