"""Which values are those of potent molecules: told by name and unit, never guessed."""

from __future__ import annotations

import pytest

from bioassay_mtl.tasks.direction import potent_values


@pytest.mark.parametrize(
    ("name", "unit"),
    [("pIC50", "p"), ("pIC50", ""), ("CHEMBL261", "p"), ("pchembl_value", "p"), ("a", "pIC50")],
)
def test_high_values_of_a_p_scale_are_potent(name: str, unit: str) -> None:
    assert potent_values(name, unit) == "high"


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("IC50", "nM"),
        ("EGFR_Ki", "uM"),
        ("HeLa IC50", "ug/mL"),
        ("IC 50", "nM"),
        ("IC50_1", "nM"),
        ("MIC", "ug/mL"),
    ],
)
def test_low_concentrations_of_an_effect_are_potent(name: str, unit: str) -> None:
    assert potent_values(name, unit) == "low"


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("IC50", ""),
        ("logIC50", "nM"),
        ("CC50", "uM"),
        ("pCC50", "p"),
        ("LD50", "mg/kg"),
        ("solubility", "uM"),
        ("kidney", "nM"),
        ("pKa", ""),
        ("pvalue", ""),
        ("logD", ""),
        ("inhibition", "%"),
    ],
)
def test_of_others_nothing_is_said(name: str, unit: str) -> None:
    assert potent_values(name, unit) == ""
