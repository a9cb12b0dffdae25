"""Blocks, and batches of them, agree with plain loops over molecules."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from bioassay_mtl.chem.graphs import GraphBlock, MolecularGraph

SMILES = ["CCO", "", "C", "[Na+].[Cl-]", "C/C=C/C", "c1ccc2[nH]ccc2c1", "C" * 300, "C12C3C1C23"]


@pytest.fixture(scope="module")
def block() -> GraphBlock:
    mols = [Chem.MolFromSmiles(text) for text in SMILES]
    found: GraphBlock = MolecularGraph(codes="chemprop", random_walk=2).block(mols)
    return found


def assert_same(found: GraphBlock, expected: GraphBlock) -> None:
    assert [*found.stable_bytes()] == [*expected.stable_bytes()]
    np.testing.assert_array_equal(found.reals, expected.reals)


def one_by_one(rows: list[int]) -> GraphBlock:
    mols = [Chem.MolFromSmiles(SMILES[row]) for row in rows]
    found: GraphBlock = MolecularGraph(codes="chemprop", random_walk=2).block(mols)
    return found


rows_drawn = st.lists(st.integers(0, len(SMILES) - 1), max_size=12)


@given(rows=rows_drawn)
def test_take_takes_molecules(block: GraphBlock, rows: list[int]) -> None:
    assert_same(block.take(np.array(rows, dtype=np.int64)), one_by_one(rows))


def test_take_by_mask(block: GraphBlock) -> None:
    mask = np.array([text.startswith("C") for text in SMILES])
    assert_same(block.take(mask), one_by_one([*np.flatnonzero(mask)]))


@pytest.mark.soak
@given(parts=st.lists(rows_drawn, min_size=1, max_size=4))
def test_concatenate_stacks(block: GraphBlock, parts: list[list[int]]) -> None:
    blocks = [block.take(np.array(rows, dtype=np.int64)) for rows in parts]
    assert_same(GraphBlock.concatenate(blocks), one_by_one([row for rows in parts for row in rows]))


@given(rows=rows_drawn)
def test_a_batch_is_its_molecules(block: GraphBlock, rows: list[int]) -> None:
    batch = block.batch(np.array(rows, dtype=np.int64))
    sources, targets, edges, molecule, n_before = [], [], [], [], 0
    for place, row in enumerate(rows):
        n_atoms = block.atom_offsets[row + 1] - block.atom_offsets[row]
        for bond in range(block.bond_offsets[row], block.bond_offsets[row + 1]):
            a, b = (int(end) + n_before for end in block.ends[bond])
            sources += [a, b]
            targets += [b, a]
            edges += [block.bonds[bond].tolist()] * 2
        molecule += [place] * n_atoms
        n_before += n_atoms
    assert batch.n_molecules == len(rows)
    assert batch.edge_index.tolist() == [sources, targets]
    assert batch.edges.tolist() == edges
    assert batch.molecule.tolist() == molecule
    assert len(batch.atoms) == len(batch.reals) == n_before == batch.atom_offsets[-1]
    np.testing.assert_array_equal(batch.edge_index[:, batch.reverse], batch.edge_index[::-1])
    np.testing.assert_array_equal(batch.edges[batch.reverse], batch.edges)
    np.testing.assert_array_equal(batch.reverse[batch.reverse], np.arange(len(edges)))


def test_bonds_are_those_of_rdkit(block: GraphBlock) -> None:
    for row, text in enumerate(SMILES):
        bonds = Chem.MolFromSmiles(text).GetBonds()
        own = block.ends[block.bond_offsets[row] : block.bond_offsets[row + 1]]
        assert own.tolist() == [[b.GetBeginAtomIdx(), b.GetEndAtomIdx()] for b in bonds]


def test_all_rows_by_default_and_none(block: GraphBlock) -> None:
    every, none = block.batch(), block.batch(np.zeros(0, dtype=np.int64))
    assert every.n_molecules == len(block) == len(SMILES)
    assert none.n_molecules == 0
    assert none.edge_index.shape == (2, 0)


def test_a_mask_of_another_length_is_refused(block: GraphBlock) -> None:
    mask = np.ones(len(block), dtype=np.bool_)
    assert_same(block.take(mask), block)
    with pytest.raises(IndexError, match="boolean"):
        block.take(mask[1:])


def test_pickles(block: GraphBlock) -> None:
    assert_same(pickle.loads(pickle.dumps(block)), block)


def test_parts_that_do_not_fit_are_refused(block: GraphBlock) -> None:
    with pytest.raises(ValueError, match=r"ends of chemprop graphs must be .* uint16"):
        replace(block, ends=block.ends.astype(np.int32))
    with pytest.raises(ValueError, match="offsets must go from 0 to"):
        replace(block, atoms=block.atoms[:-1], reals=block.reals[:-1])
    with pytest.raises(ValueError, match="same codes"):
        GraphBlock.concatenate([block, MolecularGraph().block([])])


def test_what_has_no_meaning_is_found(block: GraphBlock) -> None:
    block.check()
    for name, value, message in (
        ("atoms", 250, "code"),
        ("bonds", 250, "code"),
        ("ends", 999, "leads to no atom"),
        ("reals", np.nan, "not finite"),
    ):
        altered = getattr(block, name).copy()
        altered[3, 0] = value
        with pytest.raises(ValueError, match=message):
            replace(block, **{name: altered}).check()
