"""Positional encodings agree with textbook loops, one molecule at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rdkit import Chem

from bioassay_mtl.chem.graphs import GraphBlock, MolecularGraph

SMILES = ["CCO", "C", "CC(=O)Nc1ccc(O)cc1", "CCN", "C1CC1C", "[Na+].[O-]C(=O)CC", "OCC(N)C#N"]


def encoded(smiles: list[str], **settings: int) -> tuple[GraphBlock, list[NDArray[np.float32]]]:
    block = MolecularGraph(**settings).block([Chem.MolFromSmiles(text) for text in smiles])  # type: ignore[arg-type]
    return block, np.split(block.reals, block.atom_offsets[1:-1])


def adjacency(smiles: str) -> NDArray[Any]:
    return np.array(Chem.GetAdjacencyMatrix(Chem.MolFromSmiles(smiles)), dtype=float)


def test_random_walk_by_hand() -> None:
    _, (chain, single) = encoded(["CCC", "C"], random_walk=4)
    np.testing.assert_allclose(chain, np.array([[0, 0.5, 0, 0.5], [0, 1, 0, 1], [0, 0.5, 0, 0.5]]))
    assert single.tolist() == [[0, 0, 0, 0]]


def test_random_walk_equals_matrix_powers() -> None:
    _, found = encoded(SMILES, random_walk=5)
    for text, own in zip(SMILES, found, strict=True):
        walk = adjacency(text)
        walk = walk / np.maximum(walk.sum(axis=1, keepdims=True), 1)
        powers = [np.diagonal(np.linalg.matrix_power(walk, k)) for k in range(1, 6)]
        np.testing.assert_allclose(own, np.array(powers).T, atol=1e-6)


def test_laplacian_columns_are_eigenvectors_in_order() -> None:
    _, found = encoded(SMILES, laplacian=4)
    for text, own in zip(SMILES, found, strict=True):
        matrix, n = adjacency(text), len(own)
        scale = 1 / np.sqrt(np.maximum(matrix.sum(axis=1), 1))
        matrix = np.eye(n) - scale[:, None] * matrix * scale
        values = np.linalg.eigvalsh(matrix)
        for column, value in zip(own.T, values[1:], strict=False):
            np.testing.assert_allclose(matrix @ column, value * column, atol=1e-5)
            assert np.linalg.norm(column) == pytest.approx(1, abs=1e-5)
        assert not own[:, n - 1 :].any()


def test_encodings_follow_the_atoms() -> None:
    # No symmetry and no two eigenvalues alike, so that every eigenvector is its own.
    mol = Chem.MolFromSmiles("CCC1CC1CCO")
    order = np.random.default_rng(4).permutation(mol.GetNumAtoms())
    kind = MolecularGraph(random_walk=6, laplacian=4)
    moved = kind.block([Chem.RenumberAtoms(mol, order.tolist())])
    np.testing.assert_allclose(moved.reals, kind.block([mol]).reals[order], atol=1e-5)


def test_laplacian_depends_on_no_writing(nci_smiles: list[str]) -> None:
    symmetric = [
        "CCO",
        "Cc1ccccc1",
        "N[C@@H](C)C(=O)O",
        "OCCCS",
        "C/C=C/C",
        "Oc1ccc(N)cc1",
        "N#CCF",
    ]
    kind, n, n_cancelled = MolecularGraph(laplacian=3), 0, 0
    for seed, text in enumerate([*symmetric, *nci_smiles[:220]]):
        mol = Chem.MolFromSmiles(text)
        if mol is None or not eigenvalues_differ(mol, 4):
            continue
        # All ways in which atoms that are alike change places.
        same = mol.GetSubstructMatches(mol, uniquify=False, useChirality=True, maxMatches=1000)
        if len(same) == 1000:
            continue
        again, order = rewritten(mol, seed)
        expected = kind.block([mol]).reals
        found = np.empty_like(expected)
        found[order] = kind.block([again]).reals
        assert any(np.allclose(found[[*atoms]], expected, atol=1e-4) for atoms in same), text
        n += 1
        n_cancelled += bool((np.abs((expected**3).sum(axis=0)) < 1e-5).any())
    assert n > 150
    assert n_cancelled > 20


def eigenvalues_differ(mol: Chem.Mol, n: int) -> bool:
    """Whether the first ones beyond 0, so that each has one eigenvector."""
    matrix = np.array(Chem.GetAdjacencyMatrix(mol), dtype=float)
    scale = 1 / np.sqrt(np.maximum(matrix.sum(axis=1), 1))
    values = np.linalg.eigvalsh(np.eye(len(matrix)) - scale[:, None] * matrix * scale)
    return bool((np.diff(values[: n + 1]) > 1e-4).all())


def rewritten(mol: Chem.Mol, seed: int) -> tuple[Chem.Mol, list[int]]:
    """The molecule in a random writing, and where its atoms stood before."""
    order = np.random.default_rng(seed).permutation(mol.GetNumAtoms()).tolist()
    moved = Chem.RenumberAtoms(mol, order)
    text = Chem.MolToSmiles(moved, canonical=False)
    written = moved.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"]
    return Chem.MolFromSmiles(text), [order[place] for place in written]


def test_encodings_depend_on_no_neighbor() -> None:
    block, found = encoded(SMILES, random_walk=3, laplacian=2)
    assert block.reals.shape[1] == 5
    for text, own in zip(SMILES, found, strict=True):
        np.testing.assert_allclose(encoded([text], random_walk=3, laplacian=2)[0].reals, own)
