"""What inputs tell apart is found out, not believed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bioassay_mtl.chem.descriptors import UserColumns
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.sight import Sight, sight_of
from bioassay_mtl.models.model import Model
from bioassay_mtl.models.shipped import names


def featurizer(standardize: bool = False, **settings: Any) -> Featurizer:
    return Featurizer.from_config({"fingerprints": {"a": settings}, "standardize": standardize})


@pytest.mark.parametrize(
    ("settings", "sees"),
    [
        ({"kind": "morgan"}, Sight(False, False, True)),
        ({"kind": "morgan", "counts": True, "chirality": True}, Sight(True, True, True)),
        ({"kind": "maccs"}, Sight(False, False, True)),
        ({"kind": "graph"}, Sight(True, True, True)),
    ],
)
def test_inputs_see_what_they_see(settings: dict[str, Any], sees: Sight) -> None:
    assert sight_of(featurizer(**settings)) == sees
    assert sight_of(featurizer(True, **settings)) == sees._replace(salts=False)


def test_one_input_that_sees_is_enough() -> None:
    both = {"blind": {"kind": "morgan"}, "seeing": {"kind": "morgan", "chirality": True}}
    found = sight_of(Featurizer.from_config({"fingerprints": both}))
    assert found is not None
    assert found.enantiomers


def test_nothing_is_said_of_inputs_that_are_given() -> None:
    given = Featurizer({"own": UserColumns(names=("a", "b"))})
    assert sight_of(given) is None


def test_words_say_what_is_not_seen() -> None:
    blind = " ".join(Sight(False, False, True).sentences)
    assert "Blind to stereochemistry" in blind
    assert "mirror images (enantiomers)" in blind
    assert "standardize" in blind
    seeing = " ".join(Sight(True, True, False).sentences)
    assert "Blind" not in seeing
    assert "A salt and its parent get the same predictions" in seeing
    assert "cis and trans isomers get" in " ".join(Sight(True, False, False).sentences)


@pytest.mark.parametrize("name", names())
def test_shipped_models_predict_what_is_said_of_them(name: str) -> None:
    model = Model.load(name)
    sight = sight_of(model.featurizer)
    assert sight is not None
    pair = model.predict(["C[C@H](O)c1ccccn1", "C[C@@H](O)c1ccccn1"])[list(model.tasks)]
    assert (not np.array_equal(pair.iloc[0], pair.iloc[1])) == sight.enantiomers
    salts = ["CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Oc1ccccc1C(=O)[O-].[Na+]"]
    raw, parents = model.predict(salts), model.predict(salts, standardize=True)
    tasks = list(model.tasks)
    assert not raw[tasks].iloc[0].equals(raw[tasks].iloc[1])
    np.testing.assert_array_equal(parents[tasks].iloc[0], parents[tasks].iloc[1])
    np.testing.assert_array_equal(parents[tasks].iloc[0], raw[tasks].iloc[0])
    card = " ".join(model.card.split()).replace("standardise", "standardize")  # as it was shipped
    assert all(sentence in card for sentence in sight.sentences)
