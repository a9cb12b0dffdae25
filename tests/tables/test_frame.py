"""Panels from tables in memory: those that the same table in a file gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from rdkit import Chem

import bioassay_mtl as bm
from bioassay_mtl.errors import ConfigError, InputError
from bioassay_mtl.panels.schema import read_schema

DATASETS = Path(__file__).resolve().parents[2] / "datasets"
LONG = (
    "smiles,assay,relation,value,unit\n"
    "CCO,A,=,100,nM\nCCN,A,>,100000,nM\nc1ccccc1,A,=,10,uM\nCCO,B,=,5,nM\nCCC,B,<,7,nM\n"
)


def bounds_of(panel: bm.Panel) -> np.ndarray:
    """None stands for panels without a bound."""
    return np.zeros(panel.labels.shape) if panel.bounds is None else panel.bounds


def same(found: bm.Panel, expected: bm.Panel) -> None:
    assert found.tasks == expected.tasks
    assert found.kinds == expected.kinds
    assert found.structures == expected.structures
    assert found.ids == expected.ids
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_array_equal(bounds_of(found), bounds_of(expected))


def test_a_wide_table() -> None:
    path = DATASETS / "example_panel.csv"
    expected, table = bm.Panel.read(path), pd.read_csv(path)
    same(bm.read_panel(path), expected)
    same(bm.read_panel(table), expected)
    same(bm.read_panel(pd.read_csv(path, dtype=str)), expected)
    same(bm.read_panel(pa.Table.from_pandas(table)), expected)
    assert set(bm.read_panel(table).columns) == set(expected.columns)


def test_kinds_of_all_sorts() -> None:
    path = DATASETS / "example_mixed_panel.csv"
    schema = read_schema(path.with_name("example_mixed_panel.schema.yaml"))
    expected = bm.Panel.read(path)
    assert expected.bounds is not None
    table = pd.read_csv(path)
    same(bm.read_panel(table, schema=schema), expected)
    as_mapping = schema.model_dump(exclude_unset=True)
    same(bm.read_panel(table, schema=as_mapping), expected)
    found = bm.read_panel(table, tasks={"synthetic-permeability": "ordinal:low,medium,high"})
    same(found, expected.select_tasks(["synthetic-permeability"]))
    with pytest.raises(ConfigError, match="did you mean 'layout'"):
        bm.read_panel(table, schema={"layouts": "wide"})


def test_a_long_table(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text(LONG)
    settings = {"to_p": True}
    expected = bm.read_panel(path, schema=settings)
    assert expected.labels.shape == (4, 2)
    same(bm.read_panel(pd.read_csv(path), schema=settings), expected)
    renamed = pd.read_csv(path).rename(columns={"assay": "a", "value": "v", "smiles": "s"})
    roles = {"layout": "long", "columns": {"assay": "a", "value": "v", "smiles": "s"}}
    same(bm.read_panel(renamed, schema=settings | roles), expected)


def test_cells_of_several_types() -> None:
    """What a CSV would say as text, and what it would lose."""
    table = pd.DataFrame(
        {
            "smiles": ["CCO", "CCN", "CCC", "CC=O"],
            "ic50": [5.25, "> 10", None, 7],
            "flag": pd.array([True, None, False, True], dtype="boolean"),
            "count": pd.array([3, None, 1, 2], dtype="Int64"),
            "word": pd.Categorical(["low", "high", None, "low"]),
            "exact": np.array([0.1, 1e-7, 1 / 3, np.nan]),
            "pairs": [[1], [2], [3], [4]],
        }
    )
    kinds = {
        "ic50": "censored",
        "flag": "binary",
        "count": "regression",
        "word": "ordinal:low,high",
        "exact": "regression",
    }
    panel = bm.read_panel(table, tasks=kinds)
    nan = np.nan
    expected = [[5.25, 1, 3, 0, 0.1], [10, nan, nan, 1, 1e-7], [nan, 0, 1, nan, 1 / 3]]
    expected += [[7, 1, 2, 0, nan]]
    np.testing.assert_array_equal(panel.labels, np.array(expected, dtype=np.float32))
    assert panel.bounds is not None
    assert panel.bounds[:, 0].tolist() == [0, 1, 0, 0]
    assert "pairs" not in panel.columns


def test_molecules_and_what_rows_are_called() -> None:
    smiles = ["CCO", "c1ccccc1N", "CC(=O)O"]
    table = pd.DataFrame(
        {"mol": [Chem.MolFromSmiles(text) for text in smiles], "active": [1, 0, 1]}
    )
    panel = bm.read_panel(table, smiles_column="mol")
    assert [Chem.CanonSmiles(s) for s in panel.structures or []] == list(
        map(Chem.CanonSmiles, smiles)
    )
    assert panel.ids == ["0", "1", "2"]
    filtered = table.assign(smiles=smiles)[table["active"] == 1]
    assert bm.read_panel(filtered, smiles_column="smiles", tasks=["active"]).ids == ["0", "2"]
    named = table.assign(smiles=smiles).set_index("smiles")
    assert bm.read_panel(named, tasks=["active"]).structures == smiles
    compounds = table.assign(smiles=smiles, id=["A", "B", "C"]).set_index("id")
    assert bm.read_panel(compounds, smiles_column="smiles").ids == ["A", "B", "C"]


class Polars:
    """A table as polars hands it over, with large texts and dictionaries."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def to_arrow(self) -> pa.Table:
        return self._table


def test_tables_that_become_those_of_arrow() -> None:
    words = pa.array(["a", "b", "a", "b"], pa.large_string()).dictionary_encode()
    table = pa.table(
        {
            "smiles": pa.array(["CCO", "CCN", "CCC", "CC"], pa.large_string()),
            "active": [1, 0, None, 1],
            "word": words,
        }
    )
    panel = bm.read_panel(Polars(table), tasks={"active": "binary", "word": "multiclass"})
    assert panel.structures == ["CCO", "CCN", "CCC", "CC"]
    np.testing.assert_array_equal(panel.labels, [[1, 0], [0, 1], [np.nan, 0], [1, 1]])


def test_faults_name_row_and_column() -> None:
    table = pd.DataFrame({"smiles": ["CCO", "CC", "C"], "a": ["", "1", "3"], "b": ["x", "y", "z"]})
    place = r"the table, row 2 \(counted from 0\), column 'a': .*found '3'"
    with pytest.raises(InputError, match=place) as error:
        bm.read_panel(table, tasks={"a": "binary"})
    assert "bioassay-mtl" not in str(error.value)
    twice = pd.concat([table, table["a"]], axis=1)
    with pytest.raises(InputError, match="column 'a' occurs twice"):
        bm.read_panel(twice)
    with pytest.raises(InputError, match="column 'a' occurs twice"):
        bm.read_panel(table.set_index("a").assign(a=1))
    with pytest.raises(InputError, match="no column 'c'"):
        bm.read_panel(table, tasks=["c"])
    with pytest.raises(InputError, match=r"no SMILES column .name it with smiles_column"):
        bm.read_panel(table.drop(columns="smiles"))
    mixed = pd.DataFrame({"smiles": ["C", "CC"], "ic50": ["5 nM", "5 uM"]})
    with pytest.raises(InputError, match=r"the table, row 1 \(counted from 0\).*mixed units"):
        bm.read_panel(mixed, tasks={"ic50": "regression"})
    for wrong in ({"smiles": ["C"]}, [1, 2], None):
        with pytest.raises(InputError, match="a path, or a table of pandas"):
            bm.read_panel(wrong)
    pubchem = pd.DataFrame({"PUBCHEM_CID": [1], "PUBCHEM_ACTIVITY_OUTCOME": ["Active"]})
    with pytest.raises(InputError, match="does not say which assay"):
        bm.read_panel(pubchem)
