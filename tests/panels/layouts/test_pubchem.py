"""Data tables in the form in which PubChem gives them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.load import load_panel
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.row_log import Outcome
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.tasks.kinds import Binary, Regression

HEAD = """PUBCHEM_RESULT_TAG,PUBCHEM_SID,PUBCHEM_CID,PUBCHEM_EXT_DATASOURCE_SMILES,\
PUBCHEM_ACTIVITY_OUTCOME,PUBCHEM_ACTIVITY_SCORE,PUBCHEM_ACTIVITY_URL,PUBCHEM_ASSAYDATA_COMMENT,\
Potency,Fit
RESULT_TYPE,,,,,,,,FLOAT,STRING
RESULT_DESCR,,,,,,,,"Concentration at half-maximal activity (AC50)",Curve
RESULT_UNIT,,,,,,,,MICROMOLAR,
RESULT_IS_ACTIVE_CONCENTRATION,,,,,,,,TRUE,
"""
ONE = """1,101,11,CCO,Active,90,,,0.5,full
2,102,12,CCN,Inactive,0,,,,
3,103,13,CCC,Inconclusive,40,,,30,part
4,104,11,CCO,Active,92,,,0.7,full
5,105,11,CCO,Inactive,0,,,,
6,106,,CCBr,Probe,95,,,0.1,full
7,107,14,,Inactive,0,,,,
8,108,,,Active,9,,,1,
"""
TWO = "1,201,12,CCN,Active,90,,,2,full\n2,202,14,CCCl,Inactive,0,,,,\n3,203,11,,Unspecified,,,,,\n"


def write(path: Path, rows: str) -> Path:
    path.write_text(HEAD + rows)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "AID_1706_datatable_all.csv", ONE)
    write(tmp_path / "AID_2_datatable.csv", TWO)
    return tmp_path


def test_one_table(folder: Path) -> None:
    loaded = load_panel([folder / "AID_1706_datatable_all.csv"])
    panel = loaded.panel
    assert (loaded.layout, panel.tasks, panel.kinds) == ("pubchem", ("AID1706",), (Binary(),))
    assert panel.ids == ["CID11", "CID12", "", "CID14"]
    assert panel.structures == ["CCO", "CCN", "CCBr", ""]
    assert panel.labels[:, 0].tolist() == [1, 0, 1, 0]
    assert loaded.log.counts() == {
        Outcome.HEADER: 4,
        Outcome.NO_CALL: 1,
        Outcome.CONTRADICTION: 3,
        Outcome.NO_STRUCTURE: 1,
    }


def test_several_tables_are_merged_by_compound(folder: Path) -> None:
    panel = Panel.read(folder)
    assert panel.tasks == ("AID1706", "AID2")
    assert panel.ids == ["CID11", "CID12", "", "CID14"]
    assert panel.structures == ["CCO", "CCN", "CCBr", "CCCl"]
    assert panel.labels.tolist() == [[1, -1], [0, 1], [1, -1], [0, 0]]


def test_a_readout_instead_of_the_outcome(folder: Path) -> None:
    path = folder / "AID_1706_datatable_all.csv"
    panel = Panel.read(path, schema=PanelSchema.of({"columns": {"value": "Potency"}}))
    assert panel.kinds == (Regression(unit="uM"),)
    np.testing.assert_allclose(panel.labels[:, 0], [0.6, 30, 0.1])
    converted = PanelSchema.of({"columns": {"value": "Potency"}, "to_p": True})
    assert Panel.read(path, schema=converted).labels[2, 0] == np.float32(7)


def test_assays_and_roles_are_obeyed_or_refused(folder: Path) -> None:
    def read(**schema: object) -> Panel:
        return Panel.read(folder, schema=PanelSchema.of(schema))

    assert read(tasks=["AID2"]).tasks == ("AID2",)
    assert read(also={"AID2": "none"}).tasks == ("AID1706",)
    with pytest.raises(InputError, match=r"no assay 'Potency'.*value"):
        read(also={"Potency": "regression"})
    with pytest.raises(InputError, match="the outcome of 'AID2' is binary, not regression"):
        read(also={"AID2": "regression"})
    with pytest.raises(InputError, match="'Fit' can be no column of assays"):
        read(columns={"assay": "Fit"})
    with pytest.raises(InputError, match="'Fit' can be no column of units"):
        read(columns={"unit": "Fit"})


def test_the_column_of_units_is_obeyed(tmp_path: Path) -> None:
    rows = [f"{row},{row},{row},{'C' * row}O,Active,9,,,{row / 2},nM" for row in range(1, 9)]
    path = write(tmp_path / "AID_5.csv", "\n".join(rows))
    path.write_text(path.read_text().replace("MICROMOLAR", ""))
    schema = PanelSchema.of({"columns": {"value": "Potency", "unit": "Fit"}})
    assert Panel.read(path, schema=schema).kinds == (Regression(unit="nM"),)
    with pytest.raises(InputError, match="no column 'Units'"):
        Panel.read(path, schema=PanelSchema.of({"columns": {"value": "Potency", "unit": "Units"}}))


def test_faults(folder: Path) -> None:
    wrong = write(folder / "AID_3.csv", ONE.replace("Inactive", "Maybe").replace("Probe", "Maybe"))
    with pytest.raises(InputError, match=r"line 7, .*'Maybe'"):
        Panel.read(wrong)
    with pytest.raises(InputError, match="two files hold AID2"):
        load_panel([folder / "AID_2_datatable.csv", folder / "AID_2_datatable.csv"])
    other = folder / "other.csv"
    other.write_text("smiles,a\nC,1\n")
    with pytest.raises(InputError, match=r"other\.csv: only PubChem"):
        load_panel([folder / "AID_2_datatable.csv", other])
    with pytest.raises(InputError, match="nothing is measured"):
        Panel.read(write(folder / "AID_4.csv", ""))
