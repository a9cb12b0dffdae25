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
from tests.needs import extra

SMILES = ["CCO", "C", "[Na+].[Cl-]", "C/C=C/C", "c1ccc2[nH]ccc2c1"]


@pytest.fixture(params=["ogb", "chemprop"])
def block(request: pytest.FixtureRequest) -> GraphBlock:
    mols = [Chem.MolFromSmiles(text) for text in SMILES]
    found: GraphBlock = MolecularGraph(codes=request.param).block(mols)
    return found


@pytest.fixture
def geometric() -> Any:
    return extra("torch_geometric", "graphs")


def assert_same(found: GraphBlock, expected: GraphBlock) -> None:
    assert [*found.stable_bytes()] == [*expected.stable_bytes()]
    np.testing.assert_array_equal(found.reals, expected.reals)


def test_round_trip(geometric: Any, block: GraphBlock) -> None:
    assert_same(from_pyg(to_pyg(block), block.codes), block)
    rows = np.array([4, 1, 1, 0])
    assert_same(from_pyg(to_pyg_batch(block, rows), block.codes), block.take(rows))
    assert_same(from_pyg(to_pyg(block, [4, 1, 1, 0]), block.codes), block.take(rows))
    assert_same(from_pyg(to_pyg(block)[4], block.codes), block.take(rows[:1]))


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

    def changed(**columns: Any) -> Any:
        graph = to_pyg(block)[0]
        for name, values in columns.items():
            graph[name] = values
        return graph

    whole = changed()
    high = whole.x.clone()
    high[0, 0] = 200
    nan = torch.full((whole.num_nodes, 2), torch.nan)
    for graphs, message in (
        ([changed(edge_index=whole.edge_index[:, ::2], edge_attr=whole.edge_attr[::2])], "alike"),
        ([changed(x=high)], "codes of x must be below"),
        ([changed(x=whole.x.float())], "x must be . columns of integer codes"),
        ([changed(x=whole.x[:, :-1])], "x must be . columns of integer codes"),
        ([changed(edge_attr=whole.edge_attr[:, 0])], "edge_attr must be . columns"),
        ([changed(edge_attr=None)], "graph 0 has no edge_attr"),
        ([changed(edge_attr=whole.edge_attr[1:])], r"edge_index must be \(2, 3\)"),
        ([changed(edge_index=whole.edge_index + 0.5)], r"must be \(2, 4\) integers"),
        ([changed(x=whole.x[:1].expand(65_536, -1))], "graph 0: at most 65535 atoms, found 65536"),
        ([changed(edge_index=whole.edge_index + 2)], "leads to no atom"),
        ([changed(edge_index=whole.edge_index - 1)], "leads to no atom"),
        ([changed(reals=nan)], "reals must be 3 rows of finite numbers"),
        ([whole, changed(reals=torch.zeros(3, 5))], "same codes and real columns"),
        ([], "no graphs"),
    ):
        with pytest.raises(InputError, match=message):
            from_pyg(graphs, block.codes)


def test_real_columns_of_any_precision_come_back(geometric: Any, block: GraphBlock) -> None:
    graph = to_pyg(block)[0]
    import torch

    graph.reals = torch.arange(6, dtype=torch.float64).reshape(3, 2).requires_grad_()
    assert from_pyg([graph], block.codes).reals.tolist() == [[0, 1], [2, 3], [4, 5]]


def test_its_absence_is_named(block: GraphBlock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_geometric", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'bioassay-mtl\[graphs\]'"):
        to_pyg_batch(block)
