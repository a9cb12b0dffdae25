"""SMILES to arrays, in pipelines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem
from rdkit.Chem import Descriptors, rdFingerprintGenerator
from rdkit.Chem.rdMolDescriptors import CalcNumRings
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.adapters.sklearn import SmilesToDescriptors, SmilesToFingerprint
from bioassay_mtl.errors import ConfigError


@pytest.fixture(scope="module")
def smiles(nci_smiles: list[str]) -> list[str]:
    return [text for text in nci_smiles[:60] if Chem.MolFromSmiles(text)]


def test_fingerprints_are_rdkits(smiles: list[str]) -> None:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=3, fpSize=512)
    mols = [Chem.MolFromSmiles(text) for text in smiles]
    for counts in (False, True):
        step = SmilesToFingerprint(n_bits=512, counts=counts, settings={"radius": 3})
        name = "GetCountFingerprintAsNumPy" if counts else "GetFingerprintAsNumPy"
        expected = np.stack([getattr(generator, name)(mol) for mol in mols])
        np.testing.assert_array_equal(step.fit_transform(smiles), expected)
        assert step.get_feature_names_out().tolist() == [f"morgan_{i}" for i in range(512)]


def test_descriptors_are_rdkits(smiles: list[str]) -> None:
    step = SmilesToDescriptors(names=["MolWt", "TPSA", "RingCount"])
    expected = [
        [f(Chem.MolFromSmiles(text)) for f in (Descriptors.MolWt, Descriptors.TPSA)]
        for text in smiles
    ]
    found = step.fit_transform(pd.Series(smiles))
    np.testing.assert_allclose(found[:, :2], expected, rtol=1e-6)
    assert step.get_feature_names_out().tolist() == ["MolWt", "TPSA", "RingCount"]


def test_both_are_steps_of_a_pipeline(smiles: list[str]) -> None:
    y = [CalcNumRings(Chem.MolFromSmiles(text)) > 1 for text in smiles]
    descriptors = make_pipeline(
        SmilesToDescriptors(["RingCount", "MolWt"]),
        SimpleImputer(),
        StandardScaler(),
        LogisticRegression(C=100),
    )
    fingerprints = make_pipeline(SmilesToFingerprint("maccs", n_bits=None), LogisticRegression())
    for pipeline in (descriptors, fingerprints):
        table = pd.DataFrame({"smiles": smiles})
        assert clone(pipeline).fit(table, y).score(table, y) > 0.9


def test_a_smiles_that_cannot_be_used(smiles: list[str]) -> None:
    rows = [smiles[0], "not a molecule", None]
    for step in (SmilesToFingerprint(n_bits=64), SmilesToDescriptors(["MolWt"])):
        with pytest.raises(DataError, match="row 1: 'not a molecule' cannot be used"):
            step.fit_transform(rows)
        found = step.set_params(on_invalid="nan").fit_transform(rows)
        assert np.isnan(found).all(axis=1).tolist() == [False, True, True]
        found = step.transform(pd.Series([None], dtype=object))
        assert np.isnan(found).all(axis=1).tolist() == [True]
        assert step.transform([]).shape == (0, found.shape[1])


def test_faults_are_named() -> None:
    with pytest.raises(DataError, match="SMILES are expected"):
        SmilesToFingerprint().fit_transform(np.eye(3))
    with pytest.raises(ConfigError, match="did you mean 'morgan'"):
        SmilesToFingerprint("morgn").fit(["C"])
