"""Predictions stay beside their molecules, whatever the molecules come in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit.Chem import MolFromSmiles

from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from tests.screening.tiny_model import tiny_model

SMILES = ["CCO", "c1ccccc1O", "CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "CCN"]


@pytest.fixture(scope="module")
def model() -> Model:
    return tiny_model()


def by_smiles(model: Model) -> dict[str, float]:
    return dict(zip(SMILES, model.predict(SMILES)[model.tasks[0]], strict=True))


@given(order=st.permutations(range(5)), n=st.integers(1, 5))
def test_a_filtered_table_gets_its_own_values(model: Model, order: list[int], n: int) -> None:
    """Assigning and joining go by the index of the Series."""
    table = pd.DataFrame({"smiles": SMILES}, index=[f"row {i}" for i in range(5)])
    part = table.iloc[order[:n]]
    predicted = model.predict(part["smiles"])
    assert predicted.index.equals(part.index)
    assert model.embed(part["smiles"]).index.equals(part.index)
    table["activity"] = predicted[model.tasks[0]]
    expected = by_smiles(model)
    chosen = set(order[:n])
    for row, (smiles, value) in enumerate(zip(table["smiles"], table["activity"], strict=True)):
        assert value == expected[smiles] if row in chosen else np.isnan(value)


@pytest.mark.parametrize(
    "container",
    [
        list,
        tuple,
        iter,
        np.array,
        lambda s: np.array(s, dtype=object),
        pd.Series,
        pd.Index,
        lambda s: pd.Series(s, dtype="string[pyarrow]"),
        pa.array,
        lambda s: pa.chunked_array([s[:2], s[2:]]),
        lambda s: [MolFromSmiles(each) for each in s],
        lambda s: np.array([MolFromSmiles(each) for each in s], dtype=object),
    ],
)
def test_containers_of_structures(model: Model, container: Any) -> None:
    predicted = model.predict(container(SMILES))
    assert predicted.equals(model.predict(SMILES))


def test_missing_structures_keep_their_rows(model: Model) -> None:
    table = pd.Series(["CCO", None, float("nan"), pd.NA, "CCN"], index=[9, 7, 5, 3, 1])
    predicted = model.predict(table)
    assert predicted["status"].to_dict() == {9: "ok", 7: "empty", 5: "empty", 3: "empty", 1: "ok"}
    assert model.predict(pa.array(["CCO", None]))["status"].tolist() == ["ok", "empty"]
    assert model.predict([MolFromSmiles("CCO"), None])["status"].tolist() == ["ok", "empty"]


def test_repeated_labels_stay(model: Model) -> None:
    predicted = model.predict(pd.Series(["CCO", "CCN"], index=["a", "a"]))
    assert predicted.index.tolist() == ["a", "a"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("CCO", "found one text"),
        (MolFromSmiles("CCO"), "found one molecule"),
        (pd.DataFrame({"smiles": SMILES}), "found a table"),
        ({"smiles": SMILES}, "found a table"),
        (pa.table({"smiles": SMILES}), "found a table"),
        ({"CCO", "CCN"}, "found set"),
        (np.zeros((3, 8), dtype=np.uint8), r"array of shape \(3, 8\).*predict_features"),
        (np.array("CCO"), r"array of shape \(\)"),
        (3, "found int"),
    ],
)
def test_what_is_no_list_of_structures_is_refused(model: Model, given: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        model.predict(given)


def test_columns_of_other_rows_are_refused(model: Model) -> None:
    smiles = pd.Series(SMILES, index=range(5))
    columns: Any = pd.DataFrame({"logd": range(5)}, index=range(4, -1, -1))
    with pytest.raises(InputError, match="indices differ"):
        model.predict(smiles, columns=columns)


def test_labels_of_other_rows_are_refused() -> None:
    smiles = pd.Series(SMILES, index=range(5))
    labels = pd.DataFrame({"any": [1, 0, 1, 0, 1]}, index=range(4, -1, -1))
    with pytest.raises(InputError, match="labels and the structures"):
        Panel.from_arrays(smiles, labels, ["any"])
    panel = Panel.from_arrays(smiles, labels.loc[smiles.index], ["any"])
    assert panel.labels[:, 0].tolist() == [1, 0, 1, 0, 1]
