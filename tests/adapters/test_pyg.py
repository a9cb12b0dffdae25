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
from bioassay_mtl.nn.resident import resident

pytest.importorskip("torch_geometric", reason="torch_geometric is not installed")

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
    one_way, high, real, bare = (to_pyg_batch(block) for _ in range(4))
    one_way.edge_index, one_way.edge_attr = one_way.edge_index[:, ::2], one_way.edge_attr[::2]
    high.x[0, 0] = 250
    real.x = real.x.float()
    bare.reals = torch.zeros(len(bare.x), 7)
    for batch, message in (
        (one_way, "both directions"),
        (high, "codes must be below"),
        (real, "integer codes"),
        (bare, "reals must be"),
    ):
        with pytest.raises(DataError, match=message):
            experts(batch)
