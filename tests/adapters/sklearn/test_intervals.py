from __future__ import annotations

import pickle

import numpy as np
import pytest

from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.adapters.sklearn import BioassayClassifier, BioassayRegressor

NETWORK = {
    "experts": [{"inputs": [name], "n": 1, "width": 16} for name in ("maccs", "morgan")],
    "gate": {"kind": "stacked", "folds": 2},
}
PRINTS = {"maccs": {"kind": "maccs"}, "morgan": {"kind": "morgan", "n_bits": 256}}


@pytest.mark.soak
def test_intervals_of_values_agree_with_new_ones(nci_smiles: list[str]) -> None:
    rng = np.random.default_rng(0)
    size = np.array([len(text) for text in nci_smiles[:400]], float)
    y = np.column_stack([size, -size]) + rng.normal(0, 5, (400, 2))
    model = BioassayRegressor(epochs=6, network=NETWORK, fingerprints=PRINTS)
    model.fit(nci_smiles[:300], y[:300])
    found = model.predict_interval(nci_smiles[300:400], level=0.8)
    assert found.shape == (100, 2, 2)
    inside = (found[..., 0] <= y[300:]) & (y[300:] <= found[..., 1])
    assert inside.mean() > 0.65
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_interval(nci_smiles[300:400], level=0.8), found)
    with pytest.raises(DataError, match="level must be one of"):
        model.predict_interval(nci_smiles[:3], level=0.7)


def test_intervals_of_probabilities_hold_them(nci_smiles: list[str]) -> None:
    y = np.array([text.count("N") > 1 for text in nci_smiles[:200]])
    model = BioassayClassifier(epochs=4, network=NETWORK, fingerprints=PRINTS)
    model.fit(nci_smiles[:200], y)
    found, said = model.predict_interval(nci_smiles[:50]), model.predict_proba(nci_smiles[:50])
    assert found.shape == (50, 2)
    assert ((found[:, 0] <= said[:, 1]) & (said[:, 1] <= found[:, 1])).all()


def test_without_rows_out_of_sight_it_is_said(nci_smiles: list[str]) -> None:
    alone = {"experts": [{"inputs": ["maccs"], "width": 16}]}
    model = BioassayRegressor(epochs=1, network=alone, fingerprints={"maccs": {"kind": "maccs"}})
    model.fit(nci_smiles[:50], np.arange(50.0))
    with pytest.raises(DataError, match="no evidence of rows"):
        model.predict_interval(nci_smiles[:3])
