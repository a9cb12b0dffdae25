"""Reading RDKit's binary form gives what RDKit says atom by atom, or says that it cannot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.rdBase import BlockLogs

from bioassay_mtl.chem.graphs import MolecularGraph, binary
from bioassay_mtl.chem.graphs.binary import PICKLE_OPTIONS, equal, read_fields, slow_fields
from bioassay_mtl.chem.graphs.fields import fields_of

ODD = [
    "C",
    "[Na+].[Cl-]",
    "[HH]",
    "[H+]",
    "[2H]O[3H]",
    "[999C]",
    "[CH2]",
    "O[O]",
    "[N-]=[N+]=NC",
    "[U+6]",
    "[Fe-4](C#N)(C#N)(C#N)(C#N)(C#N)C#N",
    "N->[Pt](Cl)(Cl)<-N",
    "F/C=C/F",
    "F/C=C\\F",
    "FC=CF",
    "C/C=C/C=C\\C",
    "C1CCCCCCC/C=C/1",
    "C[S@](=O)CC",
    "OC(=O)[C@@H](N)C",
    "CC=[C@]=CC",
    "F[Po@SP1](Cl)(Br)I",
    "O=C[As@TB1](F)(Cl)(Br)N",
    "C[Co@OH1](F)(Cl)(Br)(I)S",
    "c1ccc2[nH]ccc2c1",
    "C12C3C4C1C5C2C3C45",
    "C1CC11CC1",
    "c1ccccc1-c1ccccc1",
    "C$C",
    "Cc1cccc(C)c1-c1c(C)cccc1C",
]
UNREAD = ["*C", "C~C", "[CH3:1]O", "C" * 256, "C" * 300]


def binaries(smiles: list[str]) -> list[bytes]:
    with BlockLogs():
        mols = [Chem.MolFromSmiles(text) for text in smiles]
    return [mol.ToBinary(PICKLE_OPTIONS) for mol in mols if mol is not None]


def test_this_rdkit_is_understood_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    binary.understood.cache_clear()
    assert binary.understood()
    assert capfd.readouterr().err == ""


def test_equals_rdkit_on_real_molecules(nci_smiles: list[str]) -> None:
    with BlockLogs():
        mols = [Chem.MolFromSmiles(text) for text in [*nci_smiles[:1500], *ODD]]
    mols = [mol for mol in mols if mol is not None]
    fields, read = read_fields([mol.ToBinary(PICKLE_OPTIONS) for mol in mols])
    assert read.all()
    assert equal(fields, fields_of(mols))


def test_molecules_with_other_records_are_left_to_the_slow_way() -> None:
    texts = binaries(["CCO", *UNREAD, "c1ccccc1"])
    fields, read = read_fields(texts)
    assert read.tolist() == [True, *[False] * len(UNREAD), True]
    assert fields.n_atoms.tolist() == [3, 6]


def test_the_slow_way_loses_nothing(nci_smiles: list[str]) -> None:
    with BlockLogs():
        mols = [Chem.MolFromSmiles(text) for text in [*ODD, *UNREAD, *nci_smiles[:100]]]
    mols = [mol for mol in mols if mol is not None]
    texts = [mol.ToBinary(PICKLE_OPTIONS) for mol in mols]
    assert equal(slow_fields(texts), fields_of(mols))


def test_what_follows_the_bonds_must_be_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = binaries(["CCO", "c1ccccc1", "C1CC11CC1"])
    assert read_fields(texts)[1].all()
    monkeypatch.setattr(binary, "_BEGIN_RINGS", (99,))
    fields, read = binary._read(texts)
    assert not read.any()
    assert len(fields.n_atoms) == 0


def test_an_unknown_form_is_read_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    smiles = ["CCO", "c1ccccc1O", "*C", "[Na+].[Cl-]"]
    mols = [Chem.MolFromSmiles(text) for text in smiles]
    expected = MolecularGraph().block(mols)
    monkeypatch.setattr(binary, "_MAGIC", (0xEF, 0xBE, 0xAD, 0xDE, 0, 0, 0, 0, 99, 0, 0, 0))
    binary.understood.cache_clear()
    try:
        assert not binary.understood()
        found = MolecularGraph().block(mols)
    finally:
        monkeypatch.undo()
        binary.understood.cache_clear()
    assert [*found.stable_bytes()] == [*expected.stable_bytes()]


@given(st.data())
def test_noise_is_no_error_and_spoils_no_neighbor(data: Any) -> None:
    first, spoilt, last = binaries(["OC[C@H](F)c1ccccc1", "C/C=C/[N+](C)(C)C1CC1", "CC(=O)O"])
    noise = bytearray(spoilt)
    for _ in range(data.draw(st.integers(1, 6))):
        noise[data.draw(st.integers(0, len(noise) - 1))] = data.draw(st.integers(0, 255))
    fields, read = read_fields([first, bytes(noise), last])
    assert read[[0, 2]].all()
    expected, _ = read_fields([first, last])
    around = np.ones(len(fields.isotopes), dtype=np.bool_)
    around[fields.n_atoms[0] : len(around) - fields.n_atoms[-1]] = False
    for name, values in expected.atoms.items():
        np.testing.assert_array_equal(fields.atoms[name][around], values)
