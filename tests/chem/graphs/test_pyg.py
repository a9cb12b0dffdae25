"""PyTorch Geometric reads our graphs, and we its."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from rdkit import Chem

from bioassay_mtl.chem.graphs import GraphBlock, MolecularGraph
from bioassay_mtl.chem.graphs.pyg import from_pyg, to_pyg, to_pyg_batch
from bioassay_mtl.errors import InputError, MissingExtraError

SMILES = ["CCO", "C", "[Na+].[Cl-]", "C/C=C/C", "c1ccc2[nH]ccc2c1"]


@pytest.fixture(params=["ogb", "chemprop"])
def block(request: pytest.FixtureRequest) -> GraphBlock:
    mols = [Chem.MolFromSmiles(text) for text in SMILES]
    found: GraphBlock = MolecularGraph(codes=request.param).block(mols)
    return found


@pytest.fixture
def geometric() -> Any:
    return pytest.importorskip("torch_geometric", reason="torch_geometric is not installed")


def assert_same(found: GraphBlock, expected: GraphBlock) -> None:
    assert [*found.stable_bytes()] == [*expected.stable_bytes()]
    np.testing.assert_array_equal(found.reals, expected.reals)


def test_round_trip(geometric: Any, block: GraphBlock) -> None:
    assert_same(from_pyg(to_pyg(block), block.codes), block)
    rows = np.array([4, 1, 1, 0])
    assert_same(from_pyg(to_pyg_batch(block, rows), block.codes), block.take(rows))


def test_a_batch_is_what_pyg_makes_of_its_graphs(geometric: Any, block: GraphBlock) -> None:
    ours, graphs = to_pyg_batch(block), to_pyg(block)
    theirs = geometric.data.Batch.from_data_list(graphs)
    assert ours.num_graphs == theirs.num_graphs == len(SMILES)
    for key in ("x", "edge_index", "edge_attr", "batch", "ptr"):
        assert ours[key].equal(theirs[key])
        assert ours[key].dtype == theirs[key].dtype
    assert [graph.num_nodes for graph in graphs] == np.diff(block.atom_offsets).tolist()
    assert ours[3].edge_index.equal(graphs[3].edge_index)


def test_its_loader_and_layers_take_them(geometric: Any, block: GraphBlock) -> None:
    from torch_geometric.loader import DataLoader
    from torch_geometric.nn import global_add_pool

    (batch,) = DataLoader(to_pyg(block), batch_size=8)
    sums = global_add_pool(batch.x.float(), batch.batch)
    assert sums.shape == (len(SMILES), len(block.code_set.atoms))


def test_sorted_edges_come_back(geometric: Any, block: GraphBlock) -> None:
    graph = to_pyg(block)[4]
    order = (graph.edge_index[0] * 1000 + graph.edge_index[1]).argsort()
    graph.edge_index, graph.edge_attr = graph.edge_index[:, order], graph.edge_attr[order]
    found, expected = from_pyg([graph], block.codes), block.take(np.array([4]))
    np.testing.assert_array_equal(found.atoms, expected.atoms)

    def bonds(one: GraphBlock) -> set[tuple[frozenset[int], bytes]]:
        ends = zip(one.ends.tolist(), one.bonds, strict=True)
        return {(frozenset(pair), codes.tobytes()) for pair, codes in ends}

    assert bonds(found) == bonds(expected)


def test_what_does_not_fit_is_named(geometric: Any, block: GraphBlock) -> None:
    import torch

    one_way, high, real = to_pyg(block)[:1] * 3
    one_way, high, real = one_way.clone(), high.clone(), real.clone()
    one_way.edge_index, one_way.edge_attr = one_way.edge_index[:, ::2], one_way.edge_attr[::2]
    high.x[0, 0] = 200
    real.x = real.x.to(torch.float32)
    for graph, message in (
        (one_way, "both directions"),
        (high, "codes of atoms must be below"),
        (real, "integers from 0 to 255"),
    ):
        with pytest.raises(InputError, match=message):
            from_pyg([graph], block.codes)


def test_its_absence_is_named(block: GraphBlock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_geometric", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'bioassay-mtl\[graphs\]'"):
        to_pyg_batch(block)
