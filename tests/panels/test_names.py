"""What names say: a unit or a type of measurement goes before words that are about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bioassay_mtl.panels.load import load_panel
from bioassay_mtl.panels.names import Says, what_name_says
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.panels.schema import PanelSchema
from bioassay_mtl.tasks.units import says_p_scale, unit_in_name


@pytest.mark.parametrize(
    "name",
    [
        "Solubility pH 7.4 (uM)", "In vitro Clint (mL/min/kg)", "t1/2 (min)", "Test IC50 (nM)",
        "High affinity Ki (nM)", "Max % inhibition", "IC50 (nM) mean", "IC50_avg", "LogD pH 7.4",
        "hERG pIC50 QC", "Group A IC50 (nM)", "IC50 nM (n=2)", "Papp (10-6 cm/s)",
    ],
)  # fmt: skip
def test_a_type_or_a_unit_makes_a_column_an_assay(name: str) -> None:
    assert what_name_says(name).measured


@pytest.mark.parametrize(
    "name",
    [
        "IC50 SD (nM)", "IC50 SEM", "IC50 n", "IC50 count", "IC50 CI lower", "IC50 std error",
        "IC50 R2", "IC50 hill slope", "Ki_lower (nM)", "IC50 max conc (uM)", "IC50 comment",
    ],
)  # fmt: skip
def test_what_is_about_a_measurement_is_none(name: str) -> None:
    assert what_name_says(name) is Says.STATISTIC


@pytest.mark.parametrize(
    "name",
    ["IC50_pred", "y_pred", "pred_IC50", "IC50 prediction", "IC50_calc", "Ki predicted (nM)"],
)
def test_predictions_are_no_assays(tmp_path: Path, name: str) -> None:
    rows = [f"{'C' * (row + 1)}O,{1.5**row:.3f},{1.4**row:.3f}" for row in range(20)]
    path = tmp_path / "panel.csv"
    path.write_text("\n".join([f"smiles,EC50,{name}", *rows]))
    assert what_name_says(name) is Says.PREDICTION
    assert Panel.read(path).tasks == ("EC50",)


def test_a_cell_line_is_no_component(tmp_path: Path) -> None:
    rows = [f"{'C' * (row + 1)}O,{1.5**row:.3f},{1.4**row:.3f}" for row in range(20)]
    path = tmp_path / "panel.csv"
    path.write_text("\n".join(["smiles,MCF7,PC3", *rows]))
    assert Panel.read(path).tasks == ("MCF7", "PC3")
    path.write_text("\n".join(["smiles,MCF7,PC1", *rows]))
    assert Panel.read(path).tasks == ("MCF7",)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("IC 50 (nM)", "nM"), ("IC50_1 (nM)", "nM"), ("IC50 (nM) EGFR", "nM"),
        ("IC50 (uM) 72h", "uM"), ("HeLa (IC50, \N{MICRO SIGN}M)", "uM"), ("IC50.uM", "uM"),
        ("IC50_nM_mean", "nM"), ("IC50 nM (n=2)", "nM"), ("Solubility pH 7.4 (uM)", "uM"),
        ("inhibition at 10 uM", ""), ("inhibition (10 uM)", ""), ("inhibition at 10 (uM)", ""),
    ],
)  # fmt: skip
def test_the_unit_in_a_name(name: str, unit: str) -> None:
    assert unit_in_name(name)[1] == unit


def test_logarithms_are_not_converted_again(tmp_path: Path) -> None:
    rows = [f"{'C' * (row + 1)}O,{5 + row / 10},{-9 + row / 10},{6 + row / 10}" for row in range(9)]
    path = tmp_path / "panel.csv"
    path.write_text("\n".join(["smiles,pIC50 (M),Log AC50 (M),EGFR_pIC50", *rows]))
    panel = Panel.read(path, schema=PanelSchema(to_p=True))
    assert panel.tasks == ("pIC50 (M)", "Log AC50 (M)", "EGFR_pIC50")
    np.testing.assert_allclose(panel.labels[0], [5, -9, 6])
    assert [getattr(kind, "unit", None) for kind in panel.kinds] == ["p", "", "p"]
    assert says_p_scale("EGFR_pIC50")


def test_concentrations_that_stay_are_named(tmp_path: Path) -> None:
    rows = [f"{'C' * (row + 1)}O,{1.5**row:.3f},{1.4**row:.3f}" for row in range(9)]
    path = tmp_path / "panel.csv"
    path.write_text("\n".join(["smiles,EGFR IC50,Ki (nM)", *rows]))
    loaded = load_panel([path], PanelSchema(to_p=True))
    assert loaded.panel.tasks == ("EGFR IC50", "pKi")
    assert any("not converted" in note.text and "EGFR IC50" in note.text
               for note in loaded.log.notes)  # fmt: skip
