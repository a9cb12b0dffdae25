from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioassay_mtl.tables.formulas import FormulaGuard, is_formula


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"]
)
def test_what_a_spreadsheet_runs(cell: str) -> None:
    guard = FormulaGuard()
    assert guard(["aspirin", cell, "2"]) == ["aspirin", cell, "2"]
    assert guard.found == 1
    assert FormulaGuard(quote=True)(["aspirin", cell]) == ["aspirin", "'" + cell]


@pytest.mark.parametrize(
    "cell", ["", "-5", "+1.5e-3", "-.5", "C=O", "[Na+]", "a=b", "'=1", "a\0=1"]
)
def test_what_it_does_not_run(cell: str) -> None:
    guard = FormulaGuard(quote=True)
    assert guard([cell, "-", "x"]) == [cell, "'-", "x"]
    assert guard.found == 1


@given(st.lists(st.text(st.sampled_from("=+-@a1.\0\t"), max_size=4)))
def test_each_dangerous_cell_is_found(cells: list[str]) -> None:
    guard = FormulaGuard(quote=True)
    done = guard(cells)
    assert guard.found == sum(map(is_formula, cells))
    assert not any(map(is_formula, done))
    assert [
        text.removeprefix("'") if is_formula(cell) else text
        for text, cell in zip(done, cells, strict=True)
    ] == cells
    text = io.StringIO("".join(done))
    assert text.getvalue().count("'") == guard.found
