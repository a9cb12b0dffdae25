"""What users' arrays are taken for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bioassay_mtl.adapters.arrays import (
    DataError,
    array_of,
    block_of,
    fit,
    representation_of,
    smiles_of,
)
from bioassay_mtl.chem.fingerprints import fingerprint_from
from bioassay_mtl.tasks import Binary

TEXTS = ["CCO", "", "c1ccccc1"]


@pytest.mark.parametrize(
    "given_as",
    [
        TEXTS,
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        np.array(TEXTS)[:, None],
        pd.Series(TEXTS),
        pd.DataFrame({"smiles": TEXTS}),
        ["CCO", None, "c1ccccc1"],
        pd.Series(["CCO", float("nan"), "c1ccccc1"]),
    ],
)
def test_text_is_smiles(given_as: Any) -> None:
    assert smiles_of(given_as) == TEXTS


@pytest.mark.parametrize("given_as", [np.eye(2), [1.0, 2.0], [[1, 0], [0, 1]], [], [None]])
def test_numbers_are_not(given_as: Any) -> None:
    assert smiles_of(given_as) is None


@pytest.mark.parametrize(
    "given_as",
    [
        [None, None],
        np.array([np.nan, np.nan]),
        pd.Series([None, pd.NA], dtype=object),
        pd.DataFrame({"smiles": [None, float("nan")]}),
    ],
)
def test_missing_values_alone_are_smiles_where_these_are_expected(given_as: Any) -> None:
    assert smiles_of(given_as, expected=True) == ["", ""]
    assert smiles_of(given_as[:0], expected=True) == []
    for numbers in (np.eye(2), [1.0, None], np.zeros((0, 2))):
        assert smiles_of(numbers, expected=True) is None


VALUES = {
    "bits": st.sampled_from([0.0, 1.0]),
    "counts": st.sampled_from([0.0, 0.0, 0.0, 1.0, 7.0, 255.0]),
    "reals": st.floats(-1e6, 1e6, width=32),
}


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_the_block_holds_the_array(kind: str, data: Any) -> None:
    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 12)))
    x = data.draw(arrays.arrays(np.float64, shape, elements=VALUES[kind]))
    x = np.tile(x, (1, data.draw(st.sampled_from([1, 64]))))
    representation = fingerprint_from(representation_of(x))
    block = block_of(x, representation)
    assert representation.holds(block)
    np.testing.assert_array_equal(array_of(block), x.astype(np.float32))


def test_each_kind_is_recognized() -> None:
    bits = np.eye(64)
    assert representation_of(bits) == {"kind": "given", "n_bits": 64}
    assert representation_of(3 * bits) == {"kind": "given", "n_bits": 64, "counts": True}
    for x in (0.5 * bits, -bits, 300 * bits, 3 + bits, np.where(bits > 0, np.nan, 0)):
        assert representation_of(x) == {"kind": "dense", "n_columns": 64}


def test_few_columns_are_no_fingerprint() -> None:
    """Flags, as those of one fold, may be other numbers, or missing, in another."""
    for x in (np.eye(63), 3 * np.eye(63)):
        representation = representation_of(x)
        assert representation == {"kind": "dense", "n_columns": 63}
        other = np.where(x > 0, np.nan, 2.0)
        block = block_of(other, fingerprint_from(representation))
        np.testing.assert_array_equal(array_of(block), other)


def test_a_number_too_large_for_a_block_is_its_largest() -> None:
    x = np.array([[1e39, -1e39, 0.5, np.nan]])
    found = array_of(block_of(x, fingerprint_from(representation_of(x))))
    largest = np.finfo(np.float32).max
    np.testing.assert_array_equal(found, np.array([[largest, -largest, 0.5, np.nan]], np.float32))


def test_what_does_not_fit_is_named() -> None:
    bits = fingerprint_from({"kind": "given", "n_bits": 4})
    counts = fingerprint_from({"kind": "given", "n_bits": 4, "counts": True})
    with pytest.raises(DataError, match=r"features \(n, 4\) are expected, found \(3, 3\)"):
        block_of(np.eye(3), bits)
    with pytest.raises(DataError, match=r"trained on zeros and ones; found 2.*StandardScaler"):
        block_of(2 * np.eye(4), bits)
    with pytest.raises(DataError, match=r"trained on counts; found 0\.5"):
        block_of(0.5 * np.eye(4), counts)
    assert array_of(block_of(999 * np.eye(4), counts)).max() == 255


def test_labels_of_another_kind_are_a_value_error() -> None:
    with pytest.raises(DataError, match="found 2"):
        fit(np.eye(3), np.array([[0.0], [1.0], [2.0]]), ["a"], [Binary()], {})
