"""Which atoms set which positions of a fingerprint."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.fingerprints import fingerprint_from
from bioassay_mtl.explain.atoms import AtomShares

PRINTS = [
    {"kind": "morgan"},
    {"kind": "morgan", "n_bits": 4096, "counts": True, "radius": 3, "chirality": True},
    {"kind": "morgan", "invariants": "features"},
    {"kind": "torsion"},
    {"kind": "torsion", "counts": True},
    {"kind": "atom_pair"},
    {"kind": "atom_pair", "counts": True},
    {"kind": "rdkit_path"},
    {"kind": "rdkit_path", "counts": True},
    {"kind": "maccs"},
]


@pytest.mark.parametrize("settings", PRINTS, ids=str)
def test_all_that_is_set_is_shared_among_atoms(
    settings: dict[str, object], nci_smiles: list[str]
) -> None:
    prints = {"x": fingerprint_from(settings)}
    for smiles in nci_smiles[:40]:
        block = Featurizer(prints)([smiles]).blocks["x"]
        positions = np.flatnonzero(block.dense()[0])
        amounts = np.random.default_rng(0).normal(size=len(positions))
        atoms, rest = AtomShares(Chem.MolFromSmiles(smiles), prints).split("x", positions, amounts)
        assert atoms.sum() + rest == pytest.approx(amounts.sum())
        if settings["kind"] != "maccs":  # one of whose keys counts fragments
            assert rest == 0


def test_a_neighborhood_is_shared_by_its_atoms() -> None:
    mol, prints = Chem.MolFromSmiles("CCO"), {"x": fingerprint_from({"kind": "morgan"})}
    block = Featurizer(prints)(["CCO"]).blocks["x"]
    positions = np.flatnonzero(block.dense()[0])
    atoms, _ = AtomShares(mol, prints).split("x", positions, np.ones(len(positions)))
    # Three atoms alone, then all of CC, CCO and CO: radius 2 adds no bond.
    np.testing.assert_allclose(
        atoms, [1 + 1 / 2 + 1 / 3, 1 + 1 / 2 + 1 / 3 + 1 / 2, 1 + 1 / 3 + 1 / 2]
    )


def test_what_cannot_be_traced_is_of_the_whole() -> None:
    shares = AtomShares(
        Chem.MolFromSmiles("CCO"), {"x": fingerprint_from({"kind": "given", "n_bits": 9})}
    )
    atoms, rest = shares.split("x", np.array([2, 5]), np.array([1.0, 2.0]))
    assert atoms.tolist() == [0, 0, 0]
    assert rest == 3
