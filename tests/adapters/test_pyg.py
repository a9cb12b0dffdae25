"""Our experts read PyTorch Geometric's batches as they read our own graphs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from rdkit import Chem
from torch import nn

from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.adapters.pyg import PyGExperts
from bioassay_mtl.chem.graphs import GraphBlock, MolecularGraph
from bioassay_mtl.chem.graphs.pyg import to_pyg, to_pyg_batch
from bioassay_mtl.errors import ConfigError
from bioassay_mtl.nn.resident import resident
from tests.needs import extra

extra("torch_geometric", "graphs")

SMALL: dict[str, Any] = {"n": 3, "width": 8, "hidden": 12, "depth": 2, "dropout": 0.0}


@pytest.fixture(params=["ogb", "chemprop"])
def graph(request: pytest.FixtureRequest) -> MolecularGraph:
    return MolecularGraph(codes=request.param)


@pytest.fixture
def block(graph: MolecularGraph, nci_smiles: list[str]) -> GraphBlock:
    mols = filter(None, map(Chem.MolFromSmiles, [*nci_smiles[:30], "C", "[Na+].[Cl-]"]))
    found: GraphBlock = graph.block(mols)
    return found


@pytest.mark.parametrize("kind", ["gine", "gatedgcn", "dmpnn"])
def test_outputs_are_those_of_our_own_graphs(
    kind: str, graph: MolecularGraph, block: GraphBlock
) -> None:
    experts = PyGExperts(kind, graph, **SMALL).eval()
    own = resident(block, torch.device("cpu")).batch(torch.arange(len(block)))
    with torch.no_grad():
        expected = experts.experts({"graph": own})
        found = experts(to_pyg_batch(block))
    assert found.shape == (len(block), 3, 8)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_the_order_of_edges_does_not_matter(graph: MolecularGraph, block: GraphBlock) -> None:
    experts = PyGExperts("gatedgcn", graph, **SMALL).eval()
    batch, mixed = to_pyg_batch(block), to_pyg_batch(block)
    order = torch.randperm(batch.edge_index.shape[1], generator=torch.Generator().manual_seed(0))
    mixed.edge_index, mixed.edge_attr = batch.edge_index[:, order], batch.edge_attr[order]
    with torch.no_grad():
        torch.testing.assert_close(experts(mixed), experts(batch))


def test_a_mixture_learns_in_its_loader(graph: MolecularGraph, block: GraphBlock) -> None:
    from torch_geometric.loader import DataLoader

    torch.manual_seed(0)
    graphs = to_pyg(block)
    for one in graphs:
        one.y = torch.tensor([float(one.num_nodes > 12)])
    experts, tower = PyGExperts("gine", graph, **SMALL), nn.Linear(8, 1)
    optimizer = torch.optim.Adam([*experts.parameters(), *tower.parameters()], lr=0.01)
    losses = []
    for _ in range(15):
        for batch in DataLoader(graphs, batch_size=16):
            logits = tower(experts(batch).mean(dim=1))[:, 0]
            loss = nn.functional.binary_cross_entropy_with_logits(logits, batch.y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert sum(losses[-2:]) < 0.5 * sum(losses[:2])


def test_what_does_not_fit_is_named(graph: MolecularGraph, block: GraphBlock) -> None:
    experts = PyGExperts("gine", graph, **SMALL)

    def changed(**columns: Any) -> Any:
        batch = to_pyg_batch(block)
        for name, values in columns.items():
            batch[name] = values
        return batch

    whole = changed()
    edges, codes = whole.edge_index, whole.edge_attr
    high = whole.x.clone()
    high[0, 0] = 250
    crossing = edges.clone()
    crossing[0, 0] = crossing[1, 1] = whole.ptr[1]  # a bond to an atom of the second molecule
    for batch, message in (
        (changed(edge_index=edges[:, ::2], edge_attr=codes[::2]), "both directions"),
        (changed(x=high), "codes must be below"),
        (changed(x=whole.x.float()), "integer codes"),
        (changed(reals=torch.zeros(len(whole.x), 7)), "reals must be"),
        (changed(edge_attr=None), "the batch has no edge_attr"),
        (to_pyg(block)[0], "the batch has no ptr"),
        (changed(edge_attr=codes[2:]), "edge_index must be"),
        (changed(edge_index=crossing), "edge_index leads out of its molecule"),
        (changed(edge_index=edges - 1), "edge_index leads out of its molecule"),
        (changed(edge_index=edges + len(whole.x)), "edge_index leads out of its molecule"),
    ):
        with pytest.raises(DataError, match=message):
            experts(batch)


def test_an_input_that_is_no_graph_is_named() -> None:
    with pytest.raises(ConfigError, match="reads one graph, found inputs"):
        PyGExperts("gine", inputs=["morgan"])
