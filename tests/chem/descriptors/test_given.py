"""Inputs that come with the molecules: columns of a table, and blocks made elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bioassay_mtl.chem.descriptors import DenseBlock, GivenFeatures, UserColumns
from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import fingerprint_from
from bioassay_mtl.errors import ConfigError, InputError

CONDITIONS = UserColumns(names=("dose", "pH"))


def test_cells_are_read_as_numbers() -> None:
    table: dict[str, Any] = {
        "pH": ["7.4", "", " N.D. ", "7"],
        "dose": [1, None, 1e50, np.nan],
        "other": "abcd",
    }
    values = CONDITIONS.read(table).values
    largest = np.finfo(np.float32).max
    expected = np.array([[1, 7.4], [np.nan, np.nan], [largest, np.nan], [np.nan, 7]], np.float32)
    np.testing.assert_array_equal(values, expected)


def test_what_is_no_number_is_named() -> None:
    with pytest.raises(InputError, match=r"column 'pH': .*'acid' in row 1 \(rows count from 0"):
        CONDITIONS.read({"pH": ["7", "acid"], "dose": ["1", "2"]})
    with pytest.raises(InputError, match="reads the columns dose, pH; missing: dose"):
        CONDITIONS.read({"pH": ["7"]})


def test_columns_are_added_to_what_is_computed() -> None:
    settings = {"morgan": {"kind": "morgan"}, "conditions": CONDITIONS.model_dump()}
    featurizer = Featurizer.from_config({"fingerprints": settings})
    assert Featurizer.from_config(featurizer.config()) == featurizer
    features = featurizer(["CCO", "no molecule"])
    assert [*features.blocks] == ["morgan"]
    table = {"pH": [7.0, 3.0], "dose": [1.0, 2.0]}
    whole = featurizer.with_columns(features, table)
    np.testing.assert_array_equal(whole.blocks["conditions"].values, [[1, 7], [2, 3]])
    assert whole.ok.tolist() == [True, False]
    with pytest.raises(InputError, match="1 rows of 'conditions' for 2 molecules"):
        featurizer.with_columns(features, {"pH": [7.0], "dose": [1.0]})
    assert featurizer.probe()  # of what is computed alone


def test_given_blocks_fit_by_their_width() -> None:
    given = fingerprint_from({"kind": "dense", "n_columns": 4})
    assert isinstance(given, GivenFeatures)
    assert given.holds(DenseBlock(np.zeros((2, 4), dtype=np.float32)))
    assert not given.holds(DenseBlock(np.zeros((2, 3), dtype=np.float32)))
    with pytest.raises(ConfigError, match="twice"):
        UserColumns(names=("pH", "pH"))


def test_examples_know_nothing_of_what_is_given() -> None:
    settings = {
        "morgan": {"kind": "morgan"},
        "conditions": CONDITIONS.model_dump(),
        "vector": {"kind": "dense", "n_columns": 4},
        "bits": {"kind": "given", "n_bits": 20},
        "counts": {"kind": "given", "n_bits": 20, "counts": True},
    }
    featurizer = Featurizer.from_config({"fingerprints": settings})
    examples = featurizer.examples()
    assert examples.ok.all()
    assert examples.blocks["morgan"].dense().any()
    for name, each in featurizer.fingerprints.items():
        assert each.holds(examples.blocks[name])
        assert len(examples.blocks[name]) == len(examples)
    for name in ("conditions", "vector"):
        assert np.isnan(examples.blocks[name].values).all()
    for name in ("bits", "counts"):
        assert not examples.blocks[name].dense().any()
