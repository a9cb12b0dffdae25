"""What is said of a panel before a model learns from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bioassay_mtl.cli.panel_remarks import remarks
from bioassay_mtl.panels.load import load_panel
from bioassay_mtl.panels.schema import PanelSchema


@pytest.mark.parametrize(
    ("name", "largest", "says"),
    [("IC50 (nM)", 20_000, True), ("IC50 (nM)", 30, False), ("area", 20_000, False)],
)
def test_concentrations_over_decades_are_better_learned_as_logarithms(
    tmp_path: Path, nci_smiles: list[str], name: str, largest: float, says: bool
) -> None:
    path = tmp_path / "panel.csv"
    values = [1 + largest * (place / 40) ** 4 for place in range(1, 41)]
    rows = [f"{smiles},{v:.3f}" for smiles, v in zip(nci_smiles[:40], values, strict=True)]
    path.write_text("\n".join([f"smiles,{name}", *rows]) + "\n")
    found = [line for line in remarks(load_panel([path], PanelSchema())) if "--to-p" in line]
    assert len(found) == says
    assert all("over 3.5 decades" in line or "over 4" in line for line in found)
