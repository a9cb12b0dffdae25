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
    np.testing.assert_allclose(chain, [[0, 0.5, 0, 0.5], [0, 1, 0, 1], [0, 0.5, 0, 0.5]])
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


def test_encodings_depend_on_no_neighbour() -> None:
    block, found = encoded(SMILES, random_walk=3, laplacian=2)
    assert block.reals.shape[1] == 5
    for text, own in zip(SMILES, found, strict=True):
        np.testing.assert_allclose(encoded([text], random_walk=3, laplacian=2)[0].reals, own)
