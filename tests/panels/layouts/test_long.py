"""Long tables, and the p-values whose qualifiers are those of a concentration."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.load import Loaded, load_panel
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.row_log import Outcome
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.tasks.kinds import Binary, Censored, Multiclass, Regression

HEAD = "smiles,assay,qualifier,value_nM,pvalue,series\n"
ROWS = (
    "CCO,A,=,100,7,x\nCCN,A,>,100000,4,y\nCCO,B,<,1,9,x\n,A,=,10,8,z\n"
    "CCO,A,=,1000,6,x\nCCN,B,,100,7.004,y\nCCC,A,=,,,z\nCCF,,=,10,8,z\n"
)


def texts(loaded: Loaded) -> list[str]:
    return [note.text for note in loaded.log.notes]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_row_a_measurement(tmp_path: Path) -> None:
    loaded = load_panel([write(tmp_path / "long.csv", HEAD + ROWS)])
    panel = loaded.panel
    assert loaded.layout == "long"
    assert panel.tasks == ("A", "B")
    assert panel.kinds == (Censored(unit="p"), Censored(unit="p"))
    assert panel.structures == ["CCO", "CCN"]
    assert panel.columns == {"series": ["x", "y"]}
    np.testing.assert_array_equal(panel.labels, np.array([[6.5, 9], [4, 7.004]], np.float32))
    assert panel.bounds is not None
    assert panel.bounds.tolist() == [[0, 1], [-1, 0]]  # above 100 uM is below 4
    assert loaded.log.counts() == {
        Outcome.NO_VALUE: 1,
        Outcome.NO_ASSAY: 1,
        Outcome.UNKNOWN_QUALIFIER: 1,
        Outcome.CONTRADICTION: 2,  # further apart than the values of A usually are
        Outcome.NO_STRUCTURE: 1,
    }


def test_the_value_column_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "long.csv", HEAD + ROWS)
    panel = Panel.read(path, schema=PanelSchema.of({"columns": {"value": "value_nM"}}))
    assert panel.kinds[0] == Censored(unit="nM")
    assert panel.labels[1, 0] == 100_000
    assert panel.bounds is not None
    assert panel.bounds[1, 0] == 1
    converted = Panel.read(
        path, schema=PanelSchema.of({"columns": {"value": "value_nM"}, "to_p": True})
    )
    given = Panel.read(path)
    np.testing.assert_allclose(converted.labels, given.labels, atol=0.01)
    np.testing.assert_array_equal(converted.bounds, given.bounds)


def test_qualifiers_that_the_data_contradict_are_asked_about(tmp_path: Path) -> None:
    path = write(tmp_path / "long.csv", HEAD + ROWS.replace("CCN,A,>,100000,4", "CCN,A,>,1,9"))
    with pytest.raises(InputError, match=r"median 9.00, exact rows 7.00 .*qualifier_of"):
        Panel.read(path)
    panel = Panel.read(path, schema=PanelSchema(qualifier_of="value"))
    assert panel.bounds is not None
    assert panel.bounds[1, 0] == 1


def test_an_assay_that_is_not_there_can_not_be_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "long.csv", HEAD + ROWS)
    with pytest.raises(InputError, match=r"no assay 'Zed' \(known: A, B\)"):
        Panel.read(path, schema=PanelSchema.of({"also": {"Zed": "none"}}))
    assert Panel.read(path, schema=PanelSchema.of({"also": {"A": "none"}})).tasks == ("B",)
    assert Panel.read(path, schema=PanelSchema.of({"also": {"series": "none"}})).tasks == ("A", "B")


def test_assays_by_size_and_name(tmp_path: Path) -> None:
    path = write(tmp_path / "long.csv", HEAD + ROWS + "CCC,B,=,10,8,z\n")
    assert Panel.read(path, schema=PanelSchema(min_rows=3)).tasks == ("B",)
    assert Panel.read(path, tasks=["A"]).tasks == ("A",)
    with pytest.raises(InputError, match="no assay 'C'"):
        Panel.read(path, tasks=["C"])
    with pytest.raises(InputError, match="no assay has 4 molecules"):
        Panel.read(path, schema=PanelSchema(min_rows=4))


def test_units_and_kinds_by_assay(tmp_path: Path) -> None:
    rows = "C,ic50,5,nM\nCC,ic50,7,uM\nC,inh,50,%\nCC,inh,10,%\nC,hit,1,\nCC,hit,0,\n"
    path = write(tmp_path / "long.csv", "smiles,endpoint,value,units\n" + rows)
    with pytest.raises(InputError, match=r"line 3, .* mixed units in 'ic50': nM, uM"):
        Panel.read(path)
    panel = Panel.read(path, schema=PanelSchema(to_p=True))
    assert panel.kinds == (Regression(unit="p"), Regression(unit="%"), Binary())
    np.testing.assert_allclose(panel.labels[:, 0], -np.log10([5e-9, 7e-6]), 1e-6)


def test_a_qualifier_makes_bounds_of_its_own_assay_only(tmp_path: Path) -> None:
    rows = (
        "C,inh,>,50,%\nCC,inh,,10,%\nC,hit,,1,\nCC,hit,=,0,\nC,low,<,1,\nCC,low,,0,\nC,Ki,=,1,nM\n"
    )
    panel = Panel.read(write(tmp_path / "long.csv", "smiles,assay,relation,value,unit\n" + rows))
    assert panel.kinds == (Censored(unit="%"), Binary(), Censored(), Censored(unit="nM"))


def test_texts_are_classes_by_assay(tmp_path: Path) -> None:
    rows = "C,a,Active\nCC,a,Inactive\nC,b,agonist\nCC,b,none\nCO,b,agonist\n"
    panel = Panel.read(write(tmp_path / "long.csv", "smiles,assay,result\n" + rows))
    assert panel.kinds == (Binary(), Multiclass(classes=("agonist", "none")))
    np.testing.assert_array_equal(panel.labels[:, 1], np.array([0, 1, 0], np.float32))


def test_the_shared_long_table(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "chembl_censored_long.csv.gz"
    with gzip.open(path) as stream:
        frame = pd.read_csv(stream, keep_default_na=False, nrows=50_000)
    frame.to_csv(tmp_path / "long.csv", index=False)
    panel = Panel.read(tmp_path / "long.csv", schema=PanelSchema(min_rows=150))
    sizes = frame.groupby("assay").smiles.nunique()
    assert set(panel.tasks) == set(sizes.index[sizes >= 150])
    task = panel.tasks[0]
    own = frame[frame.assay == task]
    assert panel.mask[:, 0].sum() == own.smiles.nunique()
    assert panel.bounds is not None
    single = own[~own.smiles.duplicated(keep=False)].set_index("smiles")
    places = {smiles: row for row, smiles in enumerate(panel.structures or [])}
    rows = [places[smiles] for smiles in single.index]
    np.testing.assert_array_equal(panel.labels[rows, 0], single.pvalue.to_numpy(np.float32))
    above = single.qualifier.isin([">", ">=", ">>"]).to_numpy()
    np.testing.assert_array_equal(panel.bounds[rows, 0] == -1, above)


def test_qualifiers_of_the_shared_long_table_are_of_the_concentration(shared_data: Path) -> None:
    """Rows with > lie at the end of their assay's concentrations, not of its p-values."""
    frame = pd.read_csv(shared_data / "chembl_censored_long.csv.gz", keep_default_na=False)
    np.testing.assert_allclose(9 - np.log10(frame.value_nM), frame.pvalue, atol=1e-3)
    rank = frame.groupby("assay").value_nM.rank(pct=True)
    assert rank[frame.qualifier == ">"].mean() > 0.7
    assert rank[frame.qualifier == "<"].mean() < 0.4


def test_columns_are_those_of_the_rows_that_are_read(tmp_path: Path) -> None:
    """A row without a value says nothing of its molecule."""
    rows = "CCO,A,,test,2001\nCCO,A,5.5,train,7.4\nCCO,B,7.2,train,6.5\nCCN,A,6.1,test,7\n"
    path = write(tmp_path / "long.csv", "smiles,assay,value,split,pH\n" + rows)
    loaded = load_panel([path])
    assert loaded.panel.structures == ["CCO", "CCN"]
    assert loaded.panel.columns == {"split": ["train", "test"]}
    assert "left out, as rows of one molecule differ in them: pH" in texts(loaded)


def test_a_molecule_has_the_earliest_of_its_dates(tmp_path: Path) -> None:
    rows = (
        "CCO,A,,2001-01-01,1999,5\nCCO,A,5.5,,2020,6\nCCO,B,7.2,2021-03-01,2018,7\n"
        "CCN,A,6.1,2019-01-02,2019,8\nCCO,C,1,2021-02,2021,soon\n"
    )
    path = write(tmp_path / "long.csv", "smiles,assay,value,measured,AssayYear,date\n" + rows)
    loaded = load_panel([path])
    assert loaded.panel.columns == {
        "measured": ["2021-02", "2019-01-02"],
        "AssayYear": ["2018", "2019"],
    }
    note = "the earliest of each molecule, as its rows differ in them: measured, AssayYear"
    assert note in texts(loaded)
    assert "left out, as rows of one molecule differ in them: date" in texts(loaded)
