"""Units and pActivity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.tasks.units import (
    MOLAR,
    known_unit,
    p_name,
    says_p_scale,
    to_p_scale,
    unit_in_name,
)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("nM", "nM"),
        (" uM ", "uM"),
        ("\N{MICRO SIGN}M", "uM"),
        ("\N{GREEK SMALL LETTER MU}M", "uM"),
        ("MICROMOLAR", "uM"),
        ("nmol/L", "nM"),
        ("mM", "mM"),
        ("percent", "%"),
        ("MM", None),
        ("", None),
        ("kg", None),
    ],
)
def test_known_units(text: str, unit: str | None) -> None:
    assert known_unit(text) == unit


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("IC50 (nM)", ("IC50", "nM")),
        ("IC50[uM]", ("IC50", "uM")),
        ("value_nM", ("value", "nM")),
        ("Ki M", ("Ki", "M")),
        ("NR-AhR", ("NR-AhR", "")),
        ("nM", ("nM", "")),
        ("M", ("M", "")),
    ],
)
def test_units_in_names(name: str, parts: tuple[str, str]) -> None:
    assert unit_in_name(name) == parts


def test_p_scale_names() -> None:
    names = ["pIC50", "pvalue", "pchembl_value", "pKi", "p_EC50", "potency", "part", "pH", "pxc50"]
    assert [n for n in names if says_p_scale(n)] == [names[i] for i in (0, 1, 2, 3, 4, 8)]
    assert p_name("IC50 (nM)") == "pIC50"


@given(st.floats(1e-6, 1e6), st.sampled_from(sorted(MOLAR)))
def test_p_scale_turns_back(value: float, unit: str) -> None:
    p = to_p_scale(np.array([value, 0.0, -1.0, np.nan]), unit)
    assert np.isnan(p[1:]).all()
    np.testing.assert_allclose(10.0 ** -p[0] / MOLAR[unit], value, rtol=1e-9)
