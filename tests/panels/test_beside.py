"""Columns of qualifiers, and what one odd cell in them costs: its own value, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from bioassay_mtl.panels.load import load_panel
from bioassay_mtl.panels.row_log import Outcome

SIGNS = (">", "=", "<", "=", "=", ">", "=", "=", "=")


@pytest.mark.parametrize("odd", ["None", "?", "high", "&gt"])
@pytest.mark.parametrize(
    "header",
    [
        "smiles,IC50,IC50 qualifier,IC50 unit",
        "smiles,IC50,q,IC50 unit",
        "smiles,IC50 (nM),Relation,x",
    ],
)
def test_one_odd_cell_drops_no_bound_but_its_own(tmp_path: Path, odd: str, header: str) -> None:
    signs = [*SIGNS[:6], odd, *SIGNS[7:]]
    rows = [f"{'C' * (row + 1)}O,{10 + 7 * row},{sign},nM" for row, sign in enumerate(signs)]
    path = tmp_path / "ic50.csv"
    path.write_text("\n".join([header, *rows]))
    loaded = load_panel([path])
    assert loaded.panel.bounds is not None
    assert loaded.panel.bounds[:, 0].tolist() == [1, 0, -1, 0, 0, 1, 0, 0, 0]
    assert loaded.log.counts() == {Outcome.UNREADABLE: 1}


SPELLED = ("&gt;", "=", "LT", "ca.", "=", "GT", "circa", "=", "&lt;")


@pytest.mark.parametrize(
    "header", ["smiles,assay,value,relation,unit", "smiles,name,IC50,q,IC50 unit"]
)
def test_spelled_qualifiers_are_read(tmp_path: Path, header: str) -> None:
    rows = [f"{'C' * (row + 1)}O,A,{10 + 7 * row},{sign},nM" for row, sign in enumerate(SPELLED)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *rows]))
    loaded = load_panel([path])
    assert loaded.panel.bounds is not None
    assert loaded.panel.bounds[:, 0].tolist() == [1, 0, -1, 0, 0, 1, 0, 0, -1]
    assert loaded.log.counts() == {}


def test_countries_are_no_qualifiers(tmp_path: Path) -> None:
    rows = [f"{'C' * (row + 1)}O,{10 + 7 * row},{'LT' if row else 'CA'}" for row in range(9)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["smiles,IC50 (nM),country", *rows]))
    panel = load_panel([path]).panel
    assert (panel.bounds, [*panel.columns]) == (None, ["country"])
