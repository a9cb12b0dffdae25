"""A panel of real molecules, and settings that train in a moment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem
from rdkit.Chem.Crippen import MolLogP
from rdkit.Chem.rdMolDescriptors import CalcNumRings


def small(*inputs: str) -> dict[str, Any]:
    """A network of two experts."""
    group = {"inputs": list(inputs), "n": 2, "width": 16, "dropout": 0.0}
    return {"kind": "mmoeex", "experts": [group], "gate": {"kind": "static"}}


MORGAN: dict[str, Any] = {
    "fingerprints": {"morgan": {"kind": "morgan", "n_bits": 512}},
    "network": small("morgan"),
    "epochs": 6,
}


@pytest.fixture(scope="session")
def table(nci_smiles: list[str]) -> pd.DataFrame:
    """160 molecules; two properties, a third of the cells empty."""
    smiles = [text for text in nci_smiles[:200] if Chem.MolFromSmiles(text)][:160]
    mols = [Chem.MolFromSmiles(text) for text in smiles]
    values = np.array([[CalcNumRings(mol), MolLogP(mol)] for mol in mols])
    values[np.random.default_rng(0).random(values.shape) < 0.33] = np.nan
    return pd.DataFrame({"smiles": smiles, "rings": values[:, 0], "logp": values[:, 1]})


@pytest.fixture(scope="session")
def outcomes(table: pd.DataFrame) -> pd.DataFrame:
    """Whether there is a ring, and whether the molecule is lipophilic; gaps as in the table."""
    values = table[["rings", "logp"]]
    return (values > [0.5, 2.0]).astype(float).where(values.notna())


@pytest.fixture(scope="session")
def measured(table: pd.DataFrame) -> pd.DataFrame:
    """The same molecules without gaps: three outcomes of each, 1 or 0."""
    mols = [Chem.MolFromSmiles(text) for text in table["smiles"]]
    found = [[CalcNumRings(m) > 0, MolLogP(m) > 2, m.GetNumHeavyAtoms() > 15] for m in mols]
    return pd.DataFrame(np.array(found, dtype=int), columns=["rings", "logp", "heavy"])
