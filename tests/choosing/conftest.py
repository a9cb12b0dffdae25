"""A screen of real molecules by a small model, in any format and layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from tests.screening.tiny_model import tiny_model

Screened = Callable[..., Path]


@pytest.fixture
def screened(nci_smiles: list[str], tmp_path: Path) -> Screened:
    """Screens 120 molecules, the first of them twice, and one that is none."""
    smiles = [*nci_smiles[:120], nci_smiles[0], "nomolecule("]
    source = tmp_path / "library.csv"
    lines = [f"{text},id{n},{n % 7}.50" for n, text in enumerate(smiles)]
    source.write_text("\n".join(["smiles,id,price", *lines]) + "\n")

    def run(name: str = "hits.csv", **options: Any) -> Path:
        out = tmp_path / name
        settings = ScreenOptions.of({"workers": 1, "overwrite": True, **options})
        screen([source], tiny_model(), out, settings)
        return out

    return run
