"""Alerts and properties: known nuisances are named, and values are those of RDKit."""

from __future__ import annotations

import pytest
from rdkit import Chem
from rdkit.Chem import Descriptors

from bioassay_mtl.chem.liabilities import liabilities


@pytest.mark.parametrize(
    ("smiles", "alert"),
    [
        ("O=C1C=CC(=O)C=C1", "PAINS: quinone_A"),
        ("O=C1NC(=S)SC1=Cc1ccccc1", "PAINS: ene_rhod_A"),
        ("CC(=O)Cl", "Brenk: acid_halide"),
        ("c1ccccc1[N+](=O)[O-]", "Brenk: nitro_group"),
        ("[Pt](Cl)Cl", "NIH: contains_metal"),
    ],
)
def test_nuisances_are_named(smiles: str, alert: str) -> None:
    found = liabilities(smiles)
    assert found is not None
    named = found.alerts.split("; ")
    assert alert in named
    assert len(set(named)) == len(named)


def test_values_are_rdkits(nci_smiles: list[str]) -> None:
    for smiles in nci_smiles[:20]:
        mol, found = Chem.MolFromSmiles(smiles), liabilities(smiles)
        assert (mol is None) == (found is None)
        if mol is not None and found is not None:
            assert found.mw == Descriptors.MolWt(mol)
            assert found.logp == Descriptors.MolLogP(mol)
            assert found.tpsa == Descriptors.TPSA(mol)
            assert 0 < found.qed < 1


def test_a_clean_molecule_and_none() -> None:
    found = liabilities("CC(C)Cc1ccc(cc1)C(C)C(=O)N")
    assert found is not None
    assert found.alerts == ""
    assert liabilities("no molecule") is None
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("O=C1C=CC(=O)C=C1"))
    assert liabilities(block, "molblock") == liabilities("O=C1C=CC(=O)C=C1")
