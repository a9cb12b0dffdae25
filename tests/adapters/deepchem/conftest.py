"""DeepChem itself, imported once (it takes seconds), and real molecules as its datasets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem.Crippen import MolLogP
from rdkit.Chem.rdMolDescriptors import CalcNumRings, CalcTPSA

from tests.needs import extra

N_BITS = 256
SMALL: dict[str, Any] = {
    "network": {
        "kind": "mmoeex",
        "experts": [{"inputs": ["features"], "n": 2, "width": 16, "dropout": 0.0}],
        "gate": {"kind": "static"},
    }
}


@pytest.fixture(scope="session")
def dc() -> Any:
    return extra("deepchem", "deepchem")


@pytest.fixture(scope="session")
def molecules(nci_smiles: list[str]) -> list[str]:
    return [text for text in nci_smiles[:160] if Chem.MolFromSmiles(text)]


@pytest.fixture(scope="session")
def values(molecules: list[str]) -> np.ndarray:
    """Rings, logP and surface of each molecule."""
    mols = [Chem.MolFromSmiles(text) for text in molecules]
    return np.array([[CalcNumRings(mol), MolLogP(mol), CalcTPSA(mol) / 30] for mol in mols])


@pytest.fixture(scope="session")
def weights(values: np.ndarray) -> np.ndarray:
    """0 for a third of the cells."""
    return (np.random.default_rng(0).random(values.shape) < 0.67).astype(float)


@pytest.fixture(scope="session")
def dataset(dc: Any, molecules: list[str], values: np.ndarray, weights: np.ndarray) -> Any:
    """Shaped as ``dc.molnet.load_tox21`` is: ECFP, ids are SMILES, missing cells 0 of weight 0."""
    x = dc.feat.CircularFingerprint(size=N_BITS)(molecules)
    y = np.where(weights > 0, values > [0.5, 2.0, 1.0], 0.0)
    return dc.data.DiskDataset.from_numpy(x, y, weights, molecules, tasks=["NR-AR", "SR-p53", "c"])


@pytest.fixture(scope="session")
def regression(dc: Any, dataset: Any, values: np.ndarray, weights: np.ndarray) -> Any:
    return dc.data.NumpyDataset(dataset.X, values, weights, dataset.ids)


@pytest.fixture(scope="session")
def ours(dc: Any) -> Any:
    from bioassay_mtl.adapters.deepchem import MMoEExModel

    return MMoEExModel


@pytest.fixture(scope="session")
def fitted(ours: Any, dataset: Any) -> Any:
    model = ours(3, N_BITS, **SMALL)
    model.fit(dataset, nb_epoch=8)
    return model
