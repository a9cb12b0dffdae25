"""What ``X`` may be: molecules, and sparse matrices of bits, counts and values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem
from scipy import sparse
from sklearn.model_selection import KFold, cross_val_score

from bioassay_mtl.adapters import arrays
from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.adapters.sklearn import (
    BioassayClassifier,
    SmilesToDescriptors,
    SmilesToFingerprint,
)
from tests.adapters.sklearn.conftest import MORGAN, small

FEATURES: dict[str, Any] = {"network": small("features"), "epochs": 3}
FORMATS = [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.coo_array]


def test_molecules_are_their_smiles(table: pd.DataFrame, outcomes: pd.DataFrame) -> None:
    smiles = table["smiles"].tolist()
    mols = [Chem.MolFromSmiles(text) for text in smiles]
    expected = BioassayClassifier(**MORGAN).fit(smiles, outcomes).predict_proba(smiles)
    for given in (mols, np.array(mols, dtype=object), pd.Series(mols)):
        found = BioassayClassifier(**MORGAN).fit(given, outcomes)
        np.testing.assert_array_equal(found.predict_proba(given), expected)
        np.testing.assert_array_equal(found.predict_proba(smiles), expected)
    gap = found.predict_proba([mols[0], None, mols[1]])
    assert np.isnan(gap).all(axis=1).tolist() == [False, True, False]
    scores = cross_val_score(BioassayClassifier(**MORGAN), mols, outcomes, cv=KFold(2))
    assert (scores > 0.5).all()


def test_transformers_take_molecules(table: pd.DataFrame) -> None:
    smiles = table["smiles"].tolist()[:20]
    mols = [Chem.MolFromSmiles(text) for text in smiles]
    for step in (SmilesToFingerprint(), SmilesToDescriptors(["TPSA"])):
        np.testing.assert_array_equal(step.transform(mols), step.transform(smiles))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("counts", [False, True])
def test_sparse_fingerprints(
    table: pd.DataFrame, outcomes: pd.DataFrame, form: type, counts: bool
) -> None:
    dense = SmilesToFingerprint(n_bits=512, counts=counts).transform(table["smiles"])
    expected = BioassayClassifier(**FEATURES).fit(dense, outcomes)
    x = form(dense)
    found = BioassayClassifier(**FEATURES).fit(x, outcomes)
    assert found.n_features_in_ == 512
    inputs = [each.model_.featurizer.fingerprints for each in (found, expected)]
    assert inputs[0] == inputs[1]
    assert inputs[0][arrays.INPUT].kind == "given"
    for rows in (x, dense):
        np.testing.assert_array_equal(found.predict_proba(rows), expected.predict_proba(dense))


def test_sparse_values(table: pd.DataFrame, outcomes: pd.DataFrame) -> None:
    dense = SmilesToDescriptors(["TPSA", "RingCount", "NumHDonors"]).transform(table["smiles"])
    found = BioassayClassifier(**FEATURES).fit(sparse.csr_matrix(dense), outcomes)
    expected = BioassayClassifier(**FEATURES).fit(dense, outcomes).predict_proba(dense)
    np.testing.assert_array_equal(found.predict_proba(sparse.csr_matrix(dense)), expected)


def test_a_sparse_matrix_is_read_as_it_is_meant() -> None:
    """Stored zeros, unsorted columns and entries written twice are those of the dense matrix."""
    odd = sparse.coo_array(
        ([1.0, 2.0, 0.0, 3.0, 1.0], ([0, 0, 0, 1, 1], [70, 3, 9, 64, 64])), shape=(3, 80)
    ).tocsr()
    odd.indices[:2] = odd.indices[:2][::-1].copy()
    odd.data[:2] = odd.data[:2][::-1].copy()
    before = odd.copy()
    for x in (odd, sparse.csr_array(np.eye(3, 80))):
        recipe = arrays.representation_of(x)
        assert recipe == arrays.representation_of(x.toarray())
        from bioassay_mtl.chem.fingerprints import fingerprint_from

        blocks = [arrays.block_of(each, fingerprint_from(recipe)) for each in (x, x.toarray())]
        np.testing.assert_array_equal(arrays.array_of(blocks[0]), arrays.array_of(blocks[1]))
    np.testing.assert_array_equal(odd.indices, before.indices)


def test_rows_that_do_not_fit(table: pd.DataFrame, outcomes: pd.DataFrame) -> None:
    bits = sparse.csr_matrix(SmilesToFingerprint(n_bits=512).transform(table["smiles"]))
    fitted = BioassayClassifier(**FEATURES).fit(bits, outcomes)
    with pytest.raises(DataError, match=r"trained on zeros and ones; found 2.0"):
        fitted.predict_proba(bits * 2)
    with pytest.raises(ValueError, match="512 features"):
        fitted.predict_proba(bits[:, :100])
    with pytest.raises(DataError, match=r"y must be \(160,\)"):
        BioassayClassifier(**FEATURES).fit(bits, outcomes[:5])
    with pytest.raises(DataError, match="65,536 columns at most, found 70,000"):
        BioassayClassifier(**FEATURES).fit(sparse.eye_array(160, 70_000).tocsr(), outcomes)
