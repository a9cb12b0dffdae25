"""What a network starts with: nothing of positions that no training molecule sets."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bioassay_mtl.chem.features import SparseCounts
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.models.panel_inputs import panel_features
from bioassay_mtl.nn import build_network, network_config
from bioassay_mtl.panels import Panel
from bioassay_mtl.training.fit import train
from bioassay_mtl.training.start import absent_columns, start_without_absent_columns
from tests.training.conftest import small_config


def ringed(smiles: list[str]) -> Panel:
    return Panel.from_arrays(smiles, [int("1" in each) for each in smiles], ["ring"])


@pytest.mark.parametrize("counts", [False, True])
def test_positions_that_no_row_sets_are_absent(nci_smiles: list[str], counts: bool) -> None:
    prints = {"morgan": {"kind": "morgan", "n_bits": 512, "counts": counts}}
    featurizer = Featurizer.from_config({"fingerprints": prints})
    block = panel_features(ringed(nci_smiles[:9]), featurizer).blocks["morgan"]
    expected = np.flatnonzero(block.dense().sum(axis=0) == 0)
    assert 0 < len(expected) < 512
    assert np.array_equal(absent_columns(block), expected)


def test_only_their_weights_are_changed() -> None:
    block = SparseCounts(
        np.array([0, 2, 3]), np.array([1, 3, 5], np.uint16), np.ones(3, np.uint8), n_features=6
    )
    network = build_network(
        network_config({"experts": [{"inputs": ["morgan"], "n": 2, "width": 3}]}),
        {"morgan": 6},
        ("a",),
    )
    before = {name: each.clone() for name, each in network.state_dict().items()}
    start_without_absent_columns(network, {"morgan": block}, np.array([0]))
    changed = {n for n, each in network.state_dict().items() if not torch.equal(each, before[n])}
    (name,) = changed
    table = network.state_dict()[name]
    assert table.abs().sum(dim=1).ne(0).tolist() == [False, True, False, True, False, False]
    assert torch.equal(table[[1, 3]], before[name][[1, 3]])


def test_a_trained_model_says_nothing_of_what_it_never_saw(nci_smiles: list[str]) -> None:
    """Molecules of none of its positions, whatever else they have, get one and the same answer."""
    panel = ringed(nci_smiles[:60])
    model = train(panel, {**small_config(epochs=2).model_dump(), "split": {"fractions": (1, 0, 0)}})
    seen = panel_features(panel, model.featurizer).blocks["morgan"]
    size = seen.n_features
    new = absent_columns(seen)
    block = SparseCounts(
        np.arange(len(new) + 1), new.astype(np.uint16), np.ones(len(new), np.uint8), size
    )
    bits = np.packbits(block.dense() > 0, axis=1)
    found = model.predict_features(bits)
    assert len(found) > 10
    assert np.ptp(found) == 0
