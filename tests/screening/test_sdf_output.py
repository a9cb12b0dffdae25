"""SD files of a screen: RDKit reads back molecules, predictions and statuses."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rdkit import Chem

from bioassay_mtl.errors import ConfigError
from bioassay_mtl.screening.beside import BesideColumn
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from bioassay_mtl.screening.writers import Layout, formats
from bioassay_mtl.screening.writers.sdf import mol_block
from tests.screening.batches import make_batch
from tests.screening.tiny_model import TASKS, tiny_model


def records(path: Path) -> list[Any]:
    return list(Chem.SDMolSupplier(str(path)))


def test_a_screen_reads_back(nci_smiles: list[str], tmp_path: Path) -> None:
    smiles = [*nci_smiles[:40], "no molecule", "[Pt](Cl)(Cl)"]
    source = tmp_path / "in.smi"
    source.write_text("".join(f"{text} id{n}\n" for n, text in enumerate(smiles)))
    model = tiny_model()
    screen([source], model, tmp_path / "out.sdf", ScreenOptions(workers=1, batch_size=16))
    expected = model.predict(smiles)
    found = records(tmp_path / "out.sdf")
    assert len(found) == len(smiles)
    for n, (molecule, text) in enumerate(zip(found, smiles, strict=True)):
        assert molecule.GetProp("row") == str(n + 1)
        assert molecule.GetProp("status") == expected["status"][n]
        if expected["status"][n] == "ok":
            assert molecule.GetProp("_Name") == f"id{n}"
            assert Chem.MolToSmiles(molecule) == Chem.CanonSmiles(text)
            assert float(molecule.GetProp(TASKS[0])) == pytest.approx(
                expected[TASKS[0]][n], abs=1e-6
            )
            assert molecule.GetNumAtoms() < 2 or molecule.GetConformer().GetPositions().any()
        else:
            assert molecule.GetNumAtoms() == 0
            assert not molecule.HasProp(TASKS[0])


def test_the_best_of_each_assay(nci_smiles: list[str], tmp_path: Path) -> None:
    source = tmp_path / "in.smi"
    source.write_text("\n".join(nci_smiles[:30]))
    screen([source], tiny_model(), tmp_path / "top.sdf", ScreenOptions(workers=1, top=2))
    found = records(tmp_path / "top.sdf")
    assert [(m.GetProp("assay"), m.GetProp("rank")) for m in found] == [
        (task, rank) for task in TASKS for rank in ("1", "2")
    ]


def test_a_long_table_is_none() -> None:
    with pytest.raises(ConfigError, match="a property for each assay"):
        formats["sdf"].open(io.BytesIO(), Layout(("a",), long=True))


@pytest.mark.parametrize("text", ["$$$$", "a\n\nb", "> <x>", "naïve β", "M  END"])
def test_text_ends_no_record(text: str, tmp_path: Path) -> None:
    batch = replace(make_batch(2, 1), ids=[text, "next"], beside={"note": np.array([text, "x"])})
    layout = Layout(("odd <name>",), beside=(BesideColumn("note", "text"),))
    with (tmp_path / "x.sdf").open("wb") as sink:
        formats["sdf"].open(sink, layout).write(batch)
    first, second = records(tmp_path / "x.sdf")
    assert second.GetProp("_Name") == "next"
    assert first.GetProp("note").split() == text.split()
    assert float(second.GetProp("odd (name)")) == pytest.approx(batch.probabilities[1, 0])


@pytest.mark.soak
def test_large_and_odd_molecules_have_a_block() -> None:
    assert "V3000" in mol_block("C" * 1200, "long")
    assert Chem.MolFromMolBlock(mol_block("C" * 400, "x")).GetNumAtoms() == 400
    assert Chem.MolFromMolBlock(mol_block("not one", "x")).GetNumAtoms() == 0
