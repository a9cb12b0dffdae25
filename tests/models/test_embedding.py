"""Embeddings: what the experts make of molecules, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.models.join import join
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn import build_network, network_config

TASKS = ("first", "second", "third")
SMALL = {"inputs": ["morgan"], "n": 3, "width": 8}
NARROW = {"inputs": ["morgan"], "n": 2, "width": 5}
NETWORKS: dict[str, dict[str, Any]] = {
    "mmoeex": {"kind": "mmoeex", "experts": [SMALL, NARROW]},
    "mmoe": {"kind": "mmoe", "experts": SMALL},
    "shared_bottom": {"kind": "shared_bottom", "bottom": SMALL},
}


def untrained(kind: str, seed: int = 0) -> Model:
    config = network_config(NETWORKS[kind])
    featurizer = Featurizer.from_config({"fingerprints": {"morgan": {"kind": "morgan"}}})
    torch.manual_seed(seed)
    network = build_network(config, featurizer.input_sizes, TASKS)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    counts = {"active": [1] * 3, "inactive": [9] * 3}
    return Model(network, config, featurizer, TASKS, counts)


@pytest.mark.parametrize(("kind", "n_experts"), [("mmoeex", 5), ("mmoe", 3), ("shared_bottom", 1)])
def test_the_towers_predict_from_it(kind: str, n_experts: int, nci_smiles: list[str]) -> None:
    model = untrained(kind)
    embedded = model.embed(nci_smiles[:30]).to_numpy()
    assert embedded.dtype == np.float32
    assert embedded.shape == (30, 8 * n_experts) == (30, model.n_embedded)
    gates = model.network.mixing_weights(model.inputs(model.featurize(nci_smiles[:30])))
    experts = torch.tensor(embedded).reshape(30, n_experts, 8)
    found = model.network.tower(experts, gates).sigmoid().numpy()
    expected = model.predict(nci_smiles[:30])[list(TASKS)].to_numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_narrow_experts_are_filled_up_with_zeros(nci_smiles: list[str]) -> None:
    experts = untrained("mmoeex").embed(nci_smiles[:9]).to_numpy().reshape(9, 5, 8)
    assert not experts[:, 3:, 5:].any()
    assert experts[:, :3].any(axis=(0, 1)).all()


def test_columns_name_expert_and_place(nci_smiles: list[str]) -> None:
    model = untrained("mmoe")
    table = model.embed(nci_smiles[:4])
    outputs = model.network.experts(model.inputs(model.featurize(nci_smiles[:4])))
    np.testing.assert_allclose(table["expert2[7]"], outputs[:, 2, 7].numpy(), rtol=1e-4, atol=1e-6)
    assert list(table)[:2] == ["expert0[0]", "expert0[1]"]


def test_an_ensemble_has_that_of_its_members(nci_smiles: list[str]) -> None:
    members = [untrained("mmoe", seed=1), untrained("mmoeex", seed=2)]
    found = join(members).embed(nci_smiles[:20]).to_numpy()
    parts = [model.embed(nci_smiles[:20]).to_numpy() for model in members]
    np.testing.assert_allclose(found, np.hstack(parts), rtol=1e-5, atol=1e-6)


def test_rows_stay_where_they_are(nci_smiles: list[str]) -> None:
    model = untrained("mmoeex")
    given = ["no molecule", *nci_smiles[:300], ""]
    found = model.embed(given).to_numpy()
    assert np.isnan(found[[0, -1]]).all()
    np.testing.assert_array_equal(found[1:-1], model.embed(nci_smiles[:300]).to_numpy())
    np.testing.assert_array_equal(found[[8]], model.embed(given[8:9]).to_numpy())
    assert model.embed([]).shape == (0, 40)


def test_features_made_beforehand(nci_smiles: list[str]) -> None:
    model = untrained("mmoeex")
    features = model.featurize(["?", *nci_smiles[:10]])
    found = model.embed_features(features)
    assert np.isnan(found[0]).all()
    np.testing.assert_array_equal(found, model.embed(["?", *nci_smiles[:10]]).to_numpy())
    with pytest.raises(ConfigError, match=r"model\.featurize"):
        model.embed_features({"torsion": features.blocks["morgan"]})
