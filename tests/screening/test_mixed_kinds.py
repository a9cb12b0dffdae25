"""A screen with a model of every kind of task writes what the model predicts in Python."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioassay_mtl.models.model import Model
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from tests.screening.mixed_model import mixed_model

SMILES = ["CCO", "c1ccccc1O", "nonsense", "CC(=O)Nc1ccc(O)cc1", "CCN(CC)CC"]
COLUMNS = [
    *("mode[agonist]", "mode[antagonist]", "mode[neither]", "affinity"),
    *("toxic", "dose[low]", "dose[high]", "potency"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """As it comes back from a folder."""
    return Model.load(mixed_model().save(tmp_path_factory.mktemp("models") / "mixed"))


def run(model: Model, folder: Path, name: str, **options: object) -> Path:
    source = folder / "in.smi"
    source.write_text("\n".join(SMILES) + "\n")
    screen([source], model, folder / name, ScreenOptions.of({"workers": 1, **options}))
    return folder / name


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.jsonl", "out.parquet"])
def test_columns_and_values_are_those_of_predict(model: Model, tmp_path: Path, name: str) -> None:
    path = run(model, tmp_path, name)
    if name.endswith("jsonl"):
        table = pd.DataFrame([json.loads(line) for line in path.read_text().splitlines()])
    elif name.endswith("parquet"):
        table = pd.read_parquet(path)
    else:
        table = pd.read_csv(path, sep="\t" if name.endswith("tsv") else ",")
    assert list(table.columns) == ["row", "id", "smiles", "status", "in_training", *COLUMNS]
    expected = model.predict(SMILES)[COLUMNS].to_numpy()
    found = table[COLUMNS].to_numpy(float)
    is_value = np.array([column in ("affinity", "potency") for column in COLUMNS])
    np.testing.assert_allclose(found[:, is_value], expected[:, is_value], rtol=1e-6)
    np.testing.assert_allclose(found[:, ~is_value], expected[:, ~is_value], atol=6e-7)
    assert (np.abs(expected[0, 3]) < 1e-7).all()  # far below the sixth decimal


def test_assays_choose_tasks_with_all_their_columns(model: Model, tmp_path: Path) -> None:
    table = pd.read_csv(run(model, tmp_path, "out.csv", assays=("potency", "mode")))
    assert list(table.columns)[5:] == ["potency", *COLUMNS[:3]]
    expected = model.predict(SMILES)
    np.testing.assert_allclose(table["potency"], expected["potency"], rtol=1e-6)


@pytest.mark.parametrize("name", ["long.csv", "long.jsonl", "long.parquet"])
def test_long_tables_hold_predictions(model: Model, tmp_path: Path, name: str) -> None:
    path = run(model, tmp_path, name, long=True)
    readers: dict[str, Callable[[Path], pd.DataFrame]] = {
        "csv": pd.read_csv,
        "parquet": pd.read_parquet,
    }
    if name.endswith("jsonl"):
        table = pd.read_json(path, lines=True)
    else:
        table = readers[name.partition(".")[2]](path)
    leading = ["row", "id", "smiles", "status", "in_training"]
    assert list(table.columns) == [*leading, "assay", "prediction"]
    assert table["in_training"].isna().all()  # this model does not know its molecules
    assert len(table) == 4 * len(COLUMNS) + 1
    expected = model.predict(SMILES)[COLUMNS].to_numpy()
    found = table.loc[table["row"] == 1, "prediction"].to_numpy(float)
    np.testing.assert_allclose(found, expected[0], rtol=1e-5, atol=6e-7)


def test_top_ranks_the_highest_of_each_column(model: Model, tmp_path: Path) -> None:
    table = pd.read_csv(run(model, tmp_path, "top.csv", top=2))
    expected = model.predict(SMILES)[COLUMNS]
    assert list(table.columns) == [
        "assay",
        "rank",
        "row",
        "id",
        "smiles",
        "in_training",
        "prediction",
    ]
    for column in COLUMNS:
        best = expected[column].nlargest(2)
        found = table[table["assay"] == column]
        assert found["row"].tolist() == (best.index + 1).tolist()
        np.testing.assert_allclose(found["prediction"], best, rtol=1e-5)
