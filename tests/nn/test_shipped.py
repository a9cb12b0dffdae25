"""The models that ship: whole, small enough, and able to predict."""

from __future__ import annotations

import numpy as np
import pytest

from bioassay_mtl.nn.model import Model
from bioassay_mtl.nn.shipped import DEFAULT, find_model, names


def test_the_default_ships() -> None:
    assert DEFAULT in names()


@pytest.mark.parametrize("name", names())
def test_shipped_model(name: str, nci_smiles: list[str]) -> None:
    folder = find_model(name)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 20e6
    model = Model.load(name)
    assert model.name == name
    assert (folder / "README.md").read_text().startswith(f"# {name}\n")
    table = model.predict(["not a molecule", *nci_smiles[:20]])
    probabilities = table[list(model.tasks)].to_numpy()
    assert np.isnan(probabilities[0]).all()
    assert ((probabilities[1:] > 0) & (probabilities[1:] < 1)).all()


def test_the_mixture_holds_the_default() -> None:
    """Its fingerprint experts are those of pcba128."""
    alone, mixed = Model.load("pcba128"), Model.load("pcba128-mix")
    member = mixed.network.members[0].state_dict()
    for key, weight in alone.network.state_dict().items():
        assert (member[key] == weight).all(), key
