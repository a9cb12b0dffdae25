"""Any text becomes a molecule or a status, never an exception and never a wrong molecule."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from bioassay_mtl.chem.molecule import canonical_smiles, parse_molblock, parse_smiles
from bioassay_mtl.chem.status import Status

ETHANOL = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", Status.EMPTY),
        (" \t\r\n", Status.EMPTY),
        (None, Status.EMPTY),
        (float("nan"), Status.EMPTY),
        (pd.NA, Status.EMPTY),
        (7, Status.INVALID_SMILES),
        ("c1ccccc", Status.INVALID_SMILES),
        ("not a molecule", Status.INVALID_SMILES),
        ("C(C)(C)(C)(C)C", Status.INVALID_SMILES),
        ("c1cccc1", Status.INVALID_SMILES),
        ("C\0", Status.INVALID_SMILES),
        ("C\0C", Status.INVALID_SMILES),
        ("C\u00e9", Status.INVALID_SMILES),
        ("CCO\u200b", Status.INVALID_SMILES),
        ("C\ud800", Status.INVALID_SMILES),
        ("C" * 501, Status.TOO_LARGE),
        ("C" * 10_000_000, Status.TOO_LARGE),
        ("(" * 14_000, Status.INVALID_SMILES),
    ],
)
def test_unusable_smiles_have_a_status(text: Any, status: Status) -> None:
    assert parse_smiles(text) is status


@pytest.mark.parametrize(
    "text", ["CCO", "  CCO\r\n", "CCO ethanol", "CCO\tx y", "CCO |$a;b;c$| z", "CCO |broken"]
)
def test_what_follows_the_smiles_is_not_read(text: str) -> None:
    assert Chem.MolToSmiles(parse_smiles(text)) == "CCO"


def test_limit_counts_heavy_atoms() -> None:
    assert parse_smiles("CCO", max_atoms=2) is Status.TOO_LARGE
    mol: Any = parse_smiles("C([H])([H])([H])O", max_atoms=2)
    assert mol.GetNumHeavyAtoms() == 2
    assert parse_molblock(ETHANOL, max_atoms=2) is Status.TOO_LARGE


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", Status.EMPTY),
        ("\n \n", Status.EMPTY),
        (None, Status.EMPTY),
        (3.5, Status.INVALID_MOLBLOCK),
        ("CCO", Status.INVALID_MOLBLOCK),
        (ETHANOL[: len(ETHANOL) // 2], Status.INVALID_MOLBLOCK),
        (Chem.MolToMolBlock(Chem.Mol()), Status.EMPTY),
        ("x" * 10_000_000, Status.TOO_LARGE),
    ],
)
def test_unusable_molblocks_have_a_status(text: Any, status: Status) -> None:
    assert parse_molblock(text) is status


@pytest.mark.parametrize("v3000", [False, True])
def test_molblocks_are_read(v3000: bool) -> None:
    mol = Chem.MolFromSmiles("O[C@H](F)c1ccccc1")
    block = Chem.MolToMolBlock(mol, forceV3000=v3000)
    read: Any = parse_molblock(block)
    assert read.GetNumAtoms() == 9
    assert canonical_smiles(block) == Chem.MolToSmiles(Chem.MolFromMolBlock(block))


def test_canonical_smiles_of_no_molecule() -> None:
    assert canonical_smiles("") is None
    assert canonical_smiles("OCC", "smiles") == "CCO"


@given(st.text(max_size=30) | st.text("CNOcno()[]12=#@H+-.\\/ %|", max_size=30))
def test_no_text_raises(text: str) -> None:
    for parse in (parse_smiles, parse_molblock):
        outcome = parse(text)
        assert isinstance(outcome, Status) or outcome.GetNumAtoms() > 0
        assert outcome is not Status.OK
