"""Codes by hand, and equal to those of the projects that they are named after."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bioassay_mtl.chem.featurizer import Featurizer
from bioassay_mtl.chem.graphs import CHEMPROP, OGB, GraphBlock, MolecularGraph, code_sets

TRICKY = [
    "C",
    "[HH]",
    "[2H]O",
    "[13CH4]",
    "[Na+].[Cl-]",
    "F[P-](F)(F)(F)(F)F",
    "N->[Pt](Cl)Cl",
    "C/C=C/C",
    "C/C=C\\C",
    "C[S@](=O)CC",
    "C[C@H](N)C(=O)O",  # canonical, as tags are
    "[CH2]C",
    "[Og]",
    "*C",
    "[CH3:1]O",
    "[U+6]",
    "c1cc[n+]([O-])cc1",
    "C" * 300,
]


def block_of(smiles: list[str], codes: str) -> GraphBlock:
    features = Featurizer({"graph": MolecularGraph(codes=codes)})(smiles)
    assert features.ok.all()
    block: GraphBlock = features.blocks["graph"]
    return block


def test_ogb_codes_by_hand() -> None:
    # number, chirality, degree, charge, hydrogens, radicals, hybridization, aromatic, in ring
    block = block_of(["C[C@H](O)c1cc[nH]c1", "[O-]/C=C/F", "[CH3]"], "ogb")
    assert block.atoms[:4].tolist() == [
        [5, 0, 4, 5, 3, 0, 2, 0, 0],
        [5, 2, 4, 5, 1, 0, 2, 0, 0],
        [7, 0, 2, 5, 1, 0, 2, 0, 0],
        [5, 0, 3, 5, 0, 0, 1, 1, 1],
    ]
    assert block.atoms[6].tolist() == [6, 0, 3, 5, 1, 0, 1, 1, 1]
    assert block.atoms[8].tolist() == [7, 0, 1, 4, 0, 0, 1, 0, 0]
    assert block.atoms[-1].tolist() == [5, 0, 3, 5, 3, 1, 2, 0, 0]
    # type, stereo, conjugated
    assert block.bonds[[0, 3, 8, 9, 10]].tolist() == [
        [0, 0, 0],
        [3, 0, 1],
        [0, 0, 1],
        [1, 2, 1],
        [0, 0, 0],
    ]


def test_chemprop_codes_by_hand() -> None:
    # number, degree, charge, chirality, hydrogens, hybridization, aromatic
    block = block_of(["C[C@H](O)c1cc[nH]c1", "[I-]", "[13CH4]", "[Og]"], "chemprop")
    assert block.atoms[1].tolist() == [5, 4, 4, 2, 1, 4, 0]
    assert block.atoms[6].tolist() == [6, 3, 4, 0, 1, 2, 1]
    assert block.atoms[8].tolist() == [36, 0, 0, 0, 0, 4, 0]
    assert block.atoms[-1, 0] == 37
    assert block.reals[[1, 9], 0] == pytest.approx([0.12011, 0.1300335])
    # type, conjugated, in ring, stereo
    assert block.bonds[[0, 3]].tolist() == [[0, 0, 0, 0], [3, 1, 1, 0]]


def test_expansion_by_hand() -> None:
    block = block_of(["C=C", "c1ccccc1"], "chemprop")
    vectors = CHEMPROP.expand_atoms(block.atoms, block.reals)
    assert vectors.shape == (8, 72)
    assert np.flatnonzero(vectors[-1]).tolist() == [5, 38 + 3, 45 + 4, 51, 56 + 1, 62 + 2, 70, 71]
    assert vectors[-1, 71] == pytest.approx(0.12011)
    bonds = CHEMPROP.expand_bonds(block.bonds)
    assert bonds[[0, -1]].tolist() == [
        [0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0],
    ]


def test_a_bond_of_another_type_has_no_position() -> None:
    block = block_of(["N->[Pt]"], "chemprop")
    assert block.bonds[0, 0] == 4
    assert CHEMPROP.expand_bonds(block.bonds)[0, :5].tolist() == [0, 0, 0, 0, 0]


def test_widths_are_those_of_ogb() -> None:
    assert OGB.atom_widths == (119, 5, 12, 12, 10, 6, 6, 2, 2)
    assert OGB.bond_widths == (5, 6, 2)


@pytest.mark.parametrize("codes", sorted(code_sets))
def test_every_code_is_in_range(codes: str, nci_smiles: list[str]) -> None:
    features = Featurizer({"graph": MolecularGraph(codes=codes)})([*nci_smiles, *TRICKY])
    block = features.blocks["graph"]
    assert (block.atoms.max(axis=0) < code_sets[codes].atom_widths).all()
    assert (block.bonds.max(axis=0) < code_sets[codes].bond_widths).all()
    assert block.code_set.expand_atoms(block.atoms, block.reals).shape[1] == block.n_features
    for columns in (code_sets[codes].atoms, code_sets[codes].bonds):
        for column in columns:
            assert column.table().max() < column.n_codes == len(column.vectors())


def oracle_smiles(nci_smiles: list[str]) -> list[str]:
    from rdkit import Chem
    from rdkit.rdBase import BlockLogs

    with BlockLogs():
        return [s for s in [*nci_smiles[:400], *TRICKY] if Chem.MolFromSmiles(s)]


def test_equals_ogb(nci_smiles: list[str]) -> None:
    oracle: Any = pytest.importorskip("ogb.utils.mol", reason="ogb is not installed")
    smiles = oracle_smiles(nci_smiles)
    block = block_of(smiles, "ogb")
    for row, text in enumerate(smiles):
        expected, found = oracle.smiles2graph(text), block.batch(np.array([row]))
        np.testing.assert_array_equal(found.atoms, expected["node_feat"])
        np.testing.assert_array_equal(found.edge_index, expected["edge_index"])
        np.testing.assert_array_equal(found.edges, expected["edge_feat"])


@pytest.mark.filterwarnings("ignore")
def test_equals_chemprop(nci_smiles: list[str]) -> None:
    oracle: Any = pytest.importorskip("chemprop.featurizers", reason="chemprop is not installed")
    from rdkit import Chem

    featurizer = oracle.SimpleMoleculeMolGraphFeaturizer()
    smiles = oracle_smiles(nci_smiles)
    block = block_of(smiles, "chemprop")
    for row, text in enumerate(smiles):
        expected, found = featurizer(Chem.MolFromSmiles(text)), block.batch(np.array([row]))
        np.testing.assert_array_equal(CHEMPROP.expand_atoms(found.atoms, found.reals), expected.V)
        np.testing.assert_array_equal(CHEMPROP.expand_bonds(found.edges), expected.E)
        np.testing.assert_array_equal(found.edge_index, expected.edge_index)
        np.testing.assert_array_equal(found.reverse, expected.rev_edge_index)


def test_equals_cuik_molmaker(nci_smiles: list[str]) -> None:
    from benchmarks.featurize_graphs import cuik

    try:
        make = cuik()
    except ImportError as error:
        pytest.skip(f"cuik-molmaker is not installed: {error}")
    # Dative bonds have no type for chemprop, and are aromatic for it.
    smiles = [text for text in oracle_smiles(nci_smiles) if "->" not in text]
    found = block_of(smiles, "chemprop").batch()
    atoms, bonds, edge_index, reverse, molecule = make(smiles)
    vectors = CHEMPROP.expand_atoms(found.atoms, found.reals)
    np.testing.assert_array_equal(vectors[:, :-1], atoms[:, :-1])
    np.testing.assert_allclose(vectors[:, -1], atoms[:, -1], rtol=1e-6)  # masses
    np.testing.assert_array_equal(CHEMPROP.expand_bonds(found.edges), bonds)
    np.testing.assert_array_equal(found.edge_index, edge_index)
    np.testing.assert_array_equal(found.reverse, reverse)
    np.testing.assert_array_equal(found.molecule, molecule)
